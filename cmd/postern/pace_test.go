package main

import (
	"testing"
	"time"
)

// TestPace: work that is short is not held up, and what is long rests once for each stretch.
func TestPace(t *testing.T) {
	pause := newPace()
	begun := time.Now()
	rests := 0
	for time.Since(begun) < 20*stretch {
		before := time.Now()
		if pause(); time.Since(before) >= respite {
			rests++
		}
	}
	if took := time.Since(begun); rests == 0 || rests > int(took/stretch) {
		t.Errorf("%d rests in %v", rests, took)
	}
}
