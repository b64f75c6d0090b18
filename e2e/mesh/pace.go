package mesh

import (
	"iter"
	"sync"
	"testing"
	"time"
)

// Promise is how soon an edit counts (DESIGN "Reliability"), and Late how soon it does on a machine that
// is busy.
const (
	Promise = time.Second
	Late    = 10 * Promise
)

// mostTries is in how many a machine that is busy has to keep the promise once.
const mostTries = 10

// A Pace holds that the edits of a test count as soon as is promised: the best of them does, and none is
// late. What each took is logged.
type Pace struct {
	t     testing.TB
	mu    sync.Mutex
	tries int
	best  time.Duration
}

// NewPace returns the Pace of a test, at whose end the best is looked at.
func NewPace(t testing.TB) *Pace {
	p := &Pace{t: t}
	t.Cleanup(func() {
		if p.tries > 0 && !p.kept() {
			t.Errorf("the best of %d took %v, and %v is promised", p.tries, p.best, Promise)
		}
	})
	return p
}

// Took says how long something took until it counted.
func (p *Pace) Took(what string, took time.Duration) {
	p.t.Helper()
	if p.t.Logf("%s after %v", what, took); took > Late {
		p.t.Errorf("%s: too late", what)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tries++; p.tries == 1 || took < p.best {
		p.best = took
	}
}

func (p *Pace) kept() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries > 0 && p.best <= Promise
}

// Tries counts tries: at least so many, and more until one keeps the promise.
func (p *Pace) Tries(least int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < least || i < mostTries && !p.kept(); i++ {
			if !yield(i) {
				return
			}
		}
		if !p.kept() { // also where none was measured
			p.t.Errorf("none of the tries took %v or less", Promise)
		}
	}
}
