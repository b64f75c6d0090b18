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
