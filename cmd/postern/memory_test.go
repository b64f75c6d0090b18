package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestPercent: the less is in use, the larger a part of it may lie there as garbage.
func TestPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 6 << 20: 400, 8 << 20: 300, 12 << 20: 200, 24 << 20: 100, 1 << 30: 100} {
		if got := percentOf(live, garbage, 100); got != want {
			t.Errorf("with %d MiB in use: %d, want %d", live>>20, got, want)
		}
	}
	for live, want := range map[uint64]int{0: 400, 8 << 20: 100, 16 << 20: 50, 32 << 20: 25, 1 << 30: 25} {
		if got := percentOf(live, garbageLoading, leastGarbageLoading); got != want {
			t.Errorf("while loading, with %d MiB in use: %d, want %d", live>>20, got, want)
		}
	}
}

// TestGarbageIsTuned after each collection.
func TestGarbageIsTuned(t *testing.T) {
	tuned := make(chan int, 100)
	t.Setenv("GOGC", "")
	var h heap
	h.serve()
	h.tuneGarbage(func(percent int) { tuned <- percent })
	deadline := time.After(time.Minute)
	for n := 0; n < 4; {
		runtime.GC()
		select {
		case percent := <-tuned:
			if n++; percent < 100 || percent > mostGarbage {
				t.Errorf("tuned to %d", percent)
			}
		case <-time.After(10 * time.Millisecond): // a collection that comes before the next is watched for is not seen
		case <-deadline:
			t.Fatalf("tuned %d times", n)
		}
	}
}

// TestLessGarbageWhileMuchIsLoaded, and the least at the start, when nobody waits.
func TestLessGarbageWhileMuchIsLoaded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // so that as much stays in use
	var tuned []int
	h := heap{tune: func(percent int) { tuned = append(tuned, percent) }}
	h.set(func() {})
	h.serve()
	little, much := parsing{heap: &h}, parsing{heap: &h}
	little.add(largeLoad)
	little.done()
	much.add(largeLoad)
	much.add(1)
	much.add(1) // is no other load
	much.done()
	if len(tuned) != 4 || tuned[0] != leastGarbageLoading || tuned[1] < 100 || tuned[2] > tuned[1] || tuned[3] != tuned[1] {
		t.Errorf("tuned to %v", tuned)
	}
}

// TestGOGC is what whoever sets it says, at the start as well.
func TestGOGC(t *testing.T) {
	t.Setenv("GOGC", "50")
	var h heap
	h.tuneGarbage(func(percent int) { t.Errorf("tuned to %d", percent) })
	h.serve()
}

// TestTheProgramGoesOn without the memory of its start.
func TestTheProgramGoesOn(t *testing.T) {
	for range 3 {
		if err := releaseProgram(); err != nil {
			t.Fatal(err)
		}
	}
}
