package mesh_test

import (
	"slices"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
)

// A judged is a test of which only what fails it counts.
type judged struct {
	testing.TB
	faults int
	end    func()
}

func (j *judged) Helper()               {}
func (j *judged) Logf(string, ...any)   {}
func (j *judged) Errorf(string, ...any) { j.faults++ }
func (j *judged) Cleanup(end func())    { j.end = end }

// TestPace: the best keeps the promise, and each ten times that.
func TestPace(t *testing.T) {
	for name, tc := range map[string]struct {
		took   []time.Duration
		faults int
	}{
		"nothing":          {nil, 0},
		"kept":             {[]time.Duration{mesh.Promise}, 0},
		"kept once":        {[]time.Duration{mesh.Late, mesh.Promise, 2 * mesh.Promise}, 0},
		"never kept":       {[]time.Duration{mesh.Late, mesh.Promise + 1}, 1},
		"late":             {[]time.Duration{0, mesh.Late + 1}, 1},
		"late, never kept": {[]time.Duration{mesh.Late + 1}, 2},
	} {
		j := &judged{TB: t}
		p := mesh.NewPace(j)
		for _, took := range tc.took {
			p.Took(name, took)
		}
		if j.end(); j.faults != tc.faults {
			t.Errorf("%s: %d faults, want %d", name, j.faults, tc.faults)
		}
	}
}

// TestTries: no more than are needed, and an end.
func TestTries(t *testing.T) {
	for name, tc := range map[string]struct {
		least  int
		took   []time.Duration // of each try, while there are any
		tries  int
		faults int
	}{
		"at once":        {1, []time.Duration{mesh.Promise}, 1, 0},
		"at least three": {3, []time.Duration{0, 0, 0, 0}, 3, 0},
		"at the third":   {1, []time.Duration{mesh.Late, mesh.Late, 0, 0}, 3, 0},
		"never":          {1, slices.Repeat([]time.Duration{mesh.Late}, 100), 10, 2},
		"not measured":   {1, nil, 10, 1},
	} {
		j := &judged{TB: t}
		p, tries := mesh.NewPace(j), 0
		for i := range p.Tries(tc.least) {
			if tries++; i < len(tc.took) {
				p.Took(name, tc.took[i])
			}
		}
		if j.end(); tries != tc.tries || j.faults != tc.faults {
			t.Errorf("%s: %d tries, %d faults, want %d and %d", name, tries, j.faults, tc.tries, tc.faults)
		}
	}
}
