package agetest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/identity/age/agetest"
)

func TestStep(t *testing.T) {
	now := time.Now()
	for _, d := range []time.Duration{0, time.Hour, -time.Hour, 24 * 365 * time.Hour, 1500 * time.Millisecond} {
		whole := d.Truncate(time.Second)
		got := agetest.Step(now, d)
		if got.Sub(now) != 0 || !got.Round(0).Equal(now.Round(0).Add(whole)) {
			t.Errorf("%v: %v by the monotonic clock, %v by the other", d, got.Sub(now), got.Round(0).Sub(now.Round(0)))
		}
		if got := agetest.Step(now.Round(0), d); !got.Equal(now.Round(0).Add(whole)) {
			t.Errorf("%v without a monotonic reading: %v", d, got)
		}
	}
}

func ExampleClock() {
	var clock agetest.Clock
	before := clock.Now()
	clock.Set(-time.Hour)
	fmt.Println(clock.Now().Sub(before) >= 0, clock.Now().Round(0).Before(before.Round(0)))
	// Output: true true
}
