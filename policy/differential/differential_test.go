package differential_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	pairs = flag.Int("pairs", 0, "how many pairs of policies and requests TestDifferential tries; 0: 1,000 policies, 100 requests each")
	seed  = flag.Uint64("seed", 0, "what the random ones of them follow from; 0: anything, which is printed")
)

// How many questions each world is asked.
const (
	questions     = 100
	questionsLong = 200 // of a long run, where compiling would take most of the time
)

// A run goes through worlds, each of which follows from a seed of its own, on every core.
type run struct {
	t         *testing.T
	questions int
	worlds    uint64
	seedOf    func(n uint64) uint64

	next   atomic.Uint64
	loaded atomic.Uint64
	failed atomic.Bool

	mu   sync.Mutex
	seen reached
}

// TestDifferential tries fixed worlds, which reach everything that is listed in required, and some
// that are new each time.
func TestDifferential(t *testing.T) {
	base := *seed
	for base == 0 {
		base = rand.Uint64()
	}
	const fixed, fresh = 900, 100
	r := &run{t: t, questions: questions, worlds: fixed + fresh, seen: reached{}, seedOf: func(n uint64) uint64 {
		if n < fixed {
			return n
		}
		return base + n
	}}
	if *pairs > 0 {
		r.questions = questionsLong
		r.worlds = uint64((*pairs + questionsLong - 1) / questionsLong)
		r.seedOf = func(n uint64) uint64 { return base + n }
	}
	began := time.Now()
	r.all()
	t.Logf("%d policies, %d requests each; the random ones by -seed=%d; %v", r.loaded.Load(), r.questions, base, time.Since(began).Round(time.Millisecond))
	if !t.Failed() {
		t.Logf("reached:\n%s", r.seen.list())
		r.seen.check(t, 20)
	}
}

// all lets every core work until so many worlds were loaded.
func (r *run) all() {
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(r.work)
	}
	if *pairs > 0 {
		stop := make(chan struct{})
		go r.progress(stop)
		defer close(stop)
	}
	group.Wait()
}

func (r *run) work() {
	seen := reached{}
	for r.loaded.Load() < r.worlds && !r.failed.Load() {
		r.one(r.seedOf(r.next.Add(1)-1), seen)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.add(seen)
}

// one makes the world of a seed, and asks it when it loads.
func (r *run) one(seed uint64, seen reached) {
	g := newGenerator(seed)
	w := g.world()
	c := compile(w)
	if c.loading() != "" {
		r.fail(seed, w, nil)
		return
	}
	if c.err != nil {
		seen.note("loading", w.loads(), "")
		return
	}
	seen.note("loading", "loads", "")
	for range r.questions {
		q := g.question(w)
		if c.difference(r.t, q, seen) != "" {
			r.fail(seed, w, q)
			return
		}
	}
	r.loaded.Add(1)
}

// fail shows the first difference, made small.
func (r *run) fail(seed uint64, w *world, q *question) {
	if r.failed.CompareAndSwap(false, true) {
		r.t.Errorf("the world of seed %d: %s", seed, find(r.t, compile, w, q).shrink(r.t))
	}
}

func (r *run) progress(stop <-chan struct{}) {
	began := time.Now()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			done := r.loaded.Load()
			rate := float64(done) * float64(r.questions) / time.Since(began).Seconds()
			fmt.Fprintf(os.Stderr, "%d of %d policies, %d pairs, %.0f pairs/s\n", done, r.worlds, done*uint64(r.questions), rate)
		}
	}
}
