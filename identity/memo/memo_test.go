package memo_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/postern/postern/identity/memo"
)

func Example() {
	m := memo.New[string](1024)
	m.Put("eyJhbGciOi", "alice")
	fmt.Println(m.Get("eyJhbGciOi"))
	fmt.Println(m.Get("eyJhbGciOj"))
	// Output:
	// alice true
	//  false
}

// TestExactBytes: no key stands for another, however alike.
func TestExactBytes(t *testing.T) {
	m := memo.New[int](64)
	keys := []string{"", "a", "A", "a ", " a", "a\x00", "ab"}
	for i, k := range keys {
		if _, ok := m.Get(k); ok {
			t.Errorf("%q is remembered before it was put", k)
		}
		m.Put(k, i)
		for j, other := range keys {
			if got, ok := m.Get(other); ok != (j <= i) || ok && got != j {
				t.Errorf("after %q: %q is %d, %v", k, other, got, ok)
			}
		}
	}
	m.Put("a", 100)
	if got, _ := m.Get("a"); got != 100 {
		t.Errorf("the newer value is %d", got)
	}
}

// TestBound: a Memo never remembers more than it was made for, and what is new comes in.
func TestBound(t *testing.T) {
	for size, most := range map[int]int{-1: 4, 0: 4, 1: 4, 4: 4, 5: 8, 100: 128} {
		m := memo.New[int](size)
		for i := range 10_000 {
			key := strconv.Itoa(i)
			m.Put(key, i)
			if got, ok := m.Get(key); !ok || got != i {
				t.Fatalf("size %d: %s was not remembered", size, key)
			}
		}
		kept := 0
		for i := range 10_000 {
			if got, ok := m.Get(strconv.Itoa(i)); ok {
				kept++
				if got != i {
					t.Fatalf("size %d: %d stands for %d", size, got, i)
				}
			}
		}
		if kept == 0 || kept > most {
			t.Errorf("size %d: %d are remembered, at most %d may", size, kept, most)
		}
	}
}

// TestZero: without a Memo nothing is remembered, and nothing fails.
func TestZero(t *testing.T) {
	for name, m := range map[string]*memo.Memo[int]{"nil": nil, "zero": {}} {
		m.Put("a", 1)
		if got, ok := m.Get("a"); ok || got != 0 {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
	}
}

// TestConcurrent: whatever others put meanwhile, a value is that of its key.
func TestConcurrent(t *testing.T) {
	m := memo.New[string](16)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 5_000 {
				key := strconv.Itoa((worker + i) % 40)
				m.Put(key, key)
				if got, ok := m.Get(strconv.Itoa(i % 40)); ok && got != strconv.Itoa(i%40) {
					t.Errorf("%d stands for %s", i%40, got)
				}
			}
		})
	}
	all.Wait()
}

func TestGetDoesNotAllocate(t *testing.T) {
	m := memo.New[int](64)
	m.Put("key", 1)
	if n := testing.AllocsPerRun(100, func() { m.Get("key"); m.Get("none") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGet(b *testing.B) {
	m := memo.New[int](1024)
	key := fmt.Sprintf("%01000d", 1)
	m.Put(key, 1)
	for b.Loop() {
		m.Get(key)
	}
}

// TestWithin: what is remembered has so many bytes at most, the newest among it, whatever is put again,
// in however many scopes.
func TestWithin(t *testing.T) {
	m := memo.NewWithin[int](64, 1000)
	for i := range 5_000 {
		key, bytes := strconv.Itoa(i%300), int64(1+i%97)
		m.PutIn(uint64(i%3), key, i, bytes)
		if m.Bytes() > 1000 {
			t.Fatalf("after %d: %d bytes", i, m.Bytes())
		}
		if got, ok := m.GetIn(uint64(i%3), key); !ok || got != i {
			t.Fatalf("%d was not remembered: %d, %v", i, got, ok)
		}
	}
	before := m.Bytes()
	m.PutIn(0, "large", 1, 1001)
	if _, ok := m.GetIn(0, "large"); ok || m.Bytes() != before {
		t.Errorf("what is larger than the memo: %v, %d bytes", ok, m.Bytes())
	}
	kept := 0
	for i := range 300 {
		for scope := range 3 {
			if _, ok := m.GetIn(uint64(scope), strconv.Itoa(i)); ok {
				kept++
			}
		}
	}
	if kept < 5 || kept > 64 {
		t.Errorf("%d are remembered", kept)
	}
}

// TestScopes: what is put in one scope is not in another, and both are remembered.
func TestScopes(t *testing.T) {
	m := memo.New[int](64)
	for scope := range 10 {
		m.PutIn(uint64(scope), "key", scope, 0)
	}
	for scope := range 10 {
		if got, ok := m.GetIn(uint64(scope), "key"); !ok || got != scope {
			t.Errorf("scope %d: %d, %v", scope, got, ok)
		}
	}
	if _, ok := m.GetIn(10, "key"); ok {
		t.Error("an empty scope has it")
	}
}

// TestBytesAddUp: however goroutines put at once, in the end what is counted is what is there.
func TestBytesAddUp(t *testing.T) {
	m := memo.NewWithin[int](16, 500)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 5_000 {
				m.PutIn(uint64(worker%2), strconv.Itoa(i%40), i, 10)
			}
		})
	}
	all.Wait()
	kept := int64(0)
	for scope := range 2 {
		for i := range 40 {
			if _, ok := m.GetIn(uint64(scope), strconv.Itoa(i)); ok {
				kept++
			}
		}
	}
	if most := kept*10 + 4*10*4; m.Bytes() < kept*10 || m.Bytes() > most || m.Bytes() > 500 {
		t.Errorf("%d bytes of %d values", m.Bytes(), kept)
	}
}
