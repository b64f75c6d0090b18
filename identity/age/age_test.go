package age_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/age/agetest"
)

func TestSince(t *testing.T) {
	from := time.Now()
	for name, tc := range map[string]struct {
		from, at time.Time
		want     time.Duration
	}{
		"a minute":                           {from, from.Add(time.Minute), time.Minute},
		"a minute before":                    {from, from.Add(-time.Minute), -time.Minute},
		"put back meanwhile":                 {from, agetest.Step(from.Add(time.Minute), -time.Hour), time.Minute},
		"put forward meanwhile":              {from, agetest.Step(from.Add(time.Minute), time.Hour), time.Hour + time.Minute},
		"slept meanwhile":                    {from, agetest.Step(from, 8*time.Hour), 8 * time.Hour},
		"no monotonic reading":               {from.Round(0), agetest.Step(from.Add(time.Minute), -time.Hour), -59 * time.Minute},
		"no monotonic reading of the second": {from, agetest.Step(from.Add(time.Minute), -time.Hour).Round(0), -59 * time.Minute},
	} {
		if got := age.Since(tc.from, tc.at); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		if got := age.Reached(tc.from, tc.at); got != (tc.want >= 0) {
			t.Errorf("%s: reached is %v", name, got)
		}
	}
}

func TestReachedAtOnce(t *testing.T) {
	until := time.Now()
	if !age.Reached(until, until) || age.Reached(until, until.Add(-1)) {
		t.Error("the bound is not the first moment at which it is reached")
	}
}

func ExampleReached() {
	until := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	fmt.Println(age.Reached(until, until.Add(-time.Second)), age.Reached(until, until))
	// Output: false true
}
