package main

import (
	"runtime"
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
		if got := percentOf(live, garbageLoading, mostGarbageLoading); got != want {
			t.Errorf("while loading, with %d MiB in use: %d, want %d", live>>20, got, want)
		}
	}
}

// TestGarbageIsTuned after each collection.
func TestGarbageIsTuned(t *testing.T) {
	tuned := make(chan int, 100)
	t.Setenv("GOGC", "")
	var h heap
	h.load()() // which changes nothing yet
	h.tuneGarbage(func(percent int) { tuned <- percent })
	deadline := time.After(20 * time.Second)
	for n := 0; n < 4; {
		runtime.GC()
		select {
		case percent := <-tuned:
			if n++; percent < 100 || percent > mostGarbage {
				t.Errorf("tuned to %d", percent)
			}
		case <-deadline:
			t.Fatalf("tuned %d times", n)
		}
	}
}

// TestTheProgramGoesOn without the memory of its start.
func TestTheProgramGoesOn(t *testing.T) {
	for range 3 {
		if err := releaseProgram(); err != nil {
			t.Fatal(err)
		}
	}
}
