//go:build e2e_spire

package spire_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/e2e/mesh"
)

// patience is for what must come.
const patience = 2 * time.Minute

// between is how long a worker of a load waits from one request to the next.
const between = 10 * time.Millisecond

// An answer is what one request of a load got.
type answer struct {
	sent, got time.Time
	status    int
	reason    string
	err       error
}

func (a answer) String() string { return fmt.Sprintf("%d %s %v", a.status, a.reason, a.err) }

// A load asks steadily, over a new connection each time, until it is stopped.
type load struct {
	t       *testing.T
	stopped chan struct{}
	workers sync.WaitGroup
	mu      sync.Mutex
	answers []answer
}

// load asks with whatever SVID is current from now on.
func (c *sidecar) load(t *testing.T, request string, current func() *x509svid.SVID) *load {
	return steady(t, func() (int, string, error) { return c.ask(current(), request) })
}

// steady calls ask from now on, two at a time.
func steady(t *testing.T, ask func() (status int, reason string, err error)) *load {
	l := &load{t: t, stopped: make(chan struct{})}
	for range 2 {
		l.workers.Go(func() {
			tick := time.NewTicker(between)
			defer tick.Stop()
			for {
				select {
				case <-l.stopped:
					return
				case <-tick.C:
				}
				sent := time.Now()
				status, reason, err := ask()
				l.add(answer{sent, time.Now(), status, reason, err})
			}
		})
	}
	t.Cleanup(l.workers.Wait)
	t.Cleanup(l.stop)
	return l
}

// fixed is a load's SVID that does not rotate.
func fixed(s *x509svid.SVID) func() *x509svid.SVID { return func() *x509svid.SVID { return s } }

// newest is a load's SVID that is always the newest.
func (c *sidecar) newest(id string) func() *x509svid.SVID {
	return func() *x509svid.SVID { return c.watch.SVID(id) }
}

func (l *load) add(a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, a)
}

// so returns the answers so far, in the order in which their requests were sent.
func (l *load) so() []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.answers)
	slices.SortFunc(all, func(a, b answer) int { return a.sent.Compare(b.sent) })
	return all
}

// tally counts the answers by what they say.
func (l *load) tally() map[string]int {
	counts := map[string]int{}
	for _, a := range l.so() {
		counts[a.String()]++
	}
	return counts
}

func (l *load) stop() {
	select {
	case <-l.stopped:
	default:
		close(l.stopped)
	}
	l.workers.Wait()
}

// wantAllAllowed stops the load and fails the test when any request of it was not allowed.
func (l *load) wantAllAllowed(what string) {
	l.t.Helper()
	eventually(l.t, "some requests", patience, func() bool { return len(l.so()) >= 20 })
	l.stop()
	all := l.so()
	var wrong []answer
	for _, a := range all {
		if a.status != 200 {
			wrong = append(wrong, a)
		}
	}
	l.t.Logf("%s: %d checks, %d wrongly denied", what, len(all), len(wrong))
	if len(wrong) > 0 {
		l.t.Errorf("%s: %d of %d failed: %v", what, len(wrong), len(all), wrong[:min(5, len(wrong))])
	}
}

// wantCut waits for the first refusal, lets some more requests be sent, and stops the load. All
// before the update must be allowed, none may be late, and once one was refused, with that status
// and reason, none may be allowed again. The update is the time at which the test saw it, and
// Postern may have seen it a moment before.
func (l *load) wantCut(what string, p *mesh.Pace, update time.Time, status int, reason string) {
	l.t.Helper()
	refused := func(a answer) bool { return a.status == status && a.reason == reason }
	for deadline := update.Add(patience); !slices.ContainsFunc(l.so(), refused); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%s: nothing was refused with %d %s: %v", what, status, reason, l.tally())
		}
	}
	until := time.Now().Add(time.Second)
	eventually(l.t, "more requests", patience, func() bool { all := l.so(); return all[len(all)-1].sent.After(until) })
	l.stop()
	all := l.so()
	first := all[slices.IndexFunc(all, refused)]
	if early := update.Sub(first.got); early > time.Second {
		l.t.Errorf("%s: refused %v before its time", what, early)
	}
	p.Took(what+": refused", max(0, first.sent.Sub(update)))
	after, late := 0, 0
	for _, a := range all {
		switch {
		case a.sent.After(first.got):
			after++
			if !refused(a) {
				late++
				l.t.Errorf("%s: after the first refusal a request got %v", what, a)
			}
		case a.status == 200 && a.sent.After(update.Add(mesh.Late)):
			late++
			l.t.Errorf("%s: allowed %v after the update", what, a.sent.Sub(update))
		case a.status != 200 && !refused(a):
			l.t.Errorf("%s: a request got %v", what, a)
		}
	}
	l.t.Logf("%s: %d checks, %d after the cut, %d wrong allows; refused from %v after the update on",
		what, len(all), after, late, first.got.Sub(update).Round(time.Millisecond))
}
