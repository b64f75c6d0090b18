package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/bench/load"
)

// TestGrowthGoesOnWithoutACell: the others are kept, what was shed is said once, and the end is an error.
func TestGrowthGoesOnWithoutACell(t *testing.T) {
	works := func(context.Context, time.Duration, int) (load.Round, error) {
		return load.Round{Answers: 10, Shed: 2}, nil
	}
	fails := func(context.Context, time.Duration, int) (load.Round, error) {
		return load.Round{}, errors.New("broken")
	}
	b := &runner{options: options{rounds: 2, round: time.Second, grow: true}, report: &report{}}
	err := b.measure(t.Context(), []plan{
		{&cell{Part: "flight", Case: "256", Server: "Postern, JWT"}, true, fails},
		{&cell{Part: "flight", Case: "1000", Server: "Postern, JWT"}, true, works},
	})
	if err == nil || !strings.Contains(err.Error(), "flight, 256, Postern, JWT: broken") {
		t.Error(err)
	}
	notes := strings.Join(b.report.Notes, "\n")
	if !b.report.holds() || len(b.report.Cells) != 1 || len(b.report.Cells[0].Rounds) != 2 || len(b.report.Notes) != 2 ||
		!strings.Contains(notes, "flight, 1000, Postern, JWT: 4 of 20 checks were shed (overloaded)") || !strings.Contains(notes, "256, Postern, JWT failed") {
		t.Errorf("%+v", b.report)
	}
}

func TestExtent(t *testing.T) {
	s := conditions{Rounds: 5, Round: 600 * time.Millisecond}
	for want, r := range map[string]*report{
		"5 rounds of 600ms":                         {Setup: s},
		"20 pairs of windows of 1s for each change": {Setup: s, Reloads: make([]change, 1)},
		"loads of 3s":                               {Setup: s, Surges: make([]surge, 1)},
	} {
		if got := r.extent(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
