package kind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/identity/provider/kind"
)

func presented(raw string) *kind.Presented { return kind.NewPresented(raw, 64<<10, kind.Request{}) }

func ExampleKeeper() {
	keeper := kind.NewKeeper[int, string](kind.NewMemory(kind.DefaultMemory))
	keeper.Of(1).Put(presented("2YotnFZFEjr1zCsicMWpAA"), "alice", 5)
	fmt.Println(keeper.Of(1).Get(presented("2YotnFZFEjr1zCsicMWpAA")))
	fmt.Println(keeper.Of(2).Get(presented("2YotnFZFEjr1zCsicMWpAA"))) // other keys
	// Output:
	// alice true
	//  false
}

// TestKept: a proof is of one provider, one state of its keys and these bytes.
func TestKept(t *testing.T) {
	memory := kind.NewMemory(1 << 20)
	a, b := kind.NewKeeper[uint64, int](memory), kind.NewKeeper[uint64, int](memory)
	early := a.Of(1)
	early.Put(presented("x"), 1, 8)
	b.Of(1).Put(presented("x"), 2, 8)
	for name, tc := range map[string]struct {
		kept kind.Kept[int]
		raw  string
		want int
	}{
		"its own":           {a.Of(1), "x", 1},
		"another provider":  {b.Of(1), "x", 2},
		"other bytes":       {a.Of(1), "X", 0},
		"nothing":           {kind.Kept[int]{}, "x", 0},
		"without a memory":  {kind.NewKeeper[uint64, int](nil).Of(1), "x", 0},
		"a longer one":      {a.Of(1), "x ", 0},
		"of an empty state": {kind.NewKeeper[uint64, int](memory).Of(1), "x", 0},
	} {
		if got, ok := tc.kept.Get(presented(tc.raw)); got != tc.want || ok != (tc.want != 0) {
			t.Errorf("%s: %d, %v, want %d", name, got, ok, tc.want)
		}
	}
	if _, ok := a.Of(2).Get(presented("x")); ok {
		t.Error("a proof outlives its keys")
	}
	if _, ok := a.Of(1).Get(presented("x")); ok {
		t.Error("keys that come back bring their proofs along")
	}
	if got, ok := early.Get(presented("x")); got != 1 || !ok {
		t.Error("a prover of the old keys has lost what they proved")
	}
	kind.Kept[int]{}.Put(presented("x"), 1, 8)
	long := strings.Repeat("x", 64<<10) // the longest that a provider can allow
	a.Of(3).Put(presented(long), 1, 8)
	if got, ok := a.Of(3).Get(presented(long)); got != 1 || !ok {
		t.Error("a long credential is not kept")
	}
	before := memory.Bytes()
	a.Of(3).Put(presented(long+"x"), 1, 1<<20)
	if _, ok := a.Of(3).Get(presented(long + "x")); ok || memory.Bytes() != before {
		t.Error("a credential that takes more than there is memory is kept")
	}
}

// TestLongOnesStayWithin: credentials of any length, in turn, take what a Memory may, and nearly all of it.
func TestLongOnesStayWithin(t *testing.T) {
	memory := kind.NewMemory(1 << 20)
	kept := kind.NewKeeper[int, int](memory).Of(0)
	for i := range 3_000 {
		c := presented(fmt.Sprintf("%0*d", 200+i*37%(8<<10-200), i))
		kept.Put(c, i, i%4096)
		if got, ok := kept.Get(c); got != i || !ok {
			t.Fatalf("%d bytes were not kept", len(c.Raw()))
		}
		if n := memory.Bytes(); n > 1<<20 || i > 1_000 && n < 1<<20-64<<10 {
			t.Fatalf("after %d: %d bytes are kept", i, n)
		}
	}
}

// TestOneMemory: providers that remember much leave room for another's newest, and all stay within.
func TestOneMemory(t *testing.T) {
	memory := kind.NewMemory(1 << 20)
	many, other := kind.NewKeeper[int, int](memory), kind.NewKeeper[int, int](memory)
	for i := range 2_000 {
		many.Of(0).Put(presented(fmt.Sprintf("%02700d", i)), i, 8)
	}
	if n := memory.Bytes(); n > 1<<20 || n < 1<<19 {
		t.Errorf("%d bytes are kept", n)
	}
	other.Of(0).Put(presented("new"), 7, 8)
	if got, ok := other.Of(0).Get(presented("new")); got != 7 || !ok {
		t.Error("there is no room for another provider's")
	}
	if n := memory.Bytes(); n > 1<<20 {
		t.Errorf("%d bytes are kept", n)
	}
	c := presented("new")
	kept := other.Of(0)
	if n := testing.AllocsPerRun(100, func() { kept.Get(c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
