// Package overload asks a server for more than it can do, as an Envoy would: in an open loop, whatever
// becomes of the checks before.
package overload

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/postern/postern/e2e/bench/sample"
)

// An Outcome is what became of a check.
type Outcome int

// The outcomes.
const (
	Allowed  Outcome = iota
	Denied           // by the policy
	Shed             // denied with the reason overloaded
	Late             // no answer before the deadline
	Failed           // an RPC error, which Envoy's failure_mode_allow would let in
	Held             // not asked: so many are under way that Envoy's circuit breaker answers by itself
	outcomes = iota
)

// Options are how a Flood asks. All are required.
type Options struct {
	Socket      string
	Connections int           // an Envoy has one for each worker
	Deadline    time.Duration // Envoy's for a check
	Breaker     int           // how many are under way at most: the circuit breaker's max_requests
	// Question appends the n-th CheckRequest, and says whether it may be allowed.
	Question func(to []byte, n int) (check []byte, mayAllow bool)
}

// A Flood is an open loop on some connections.
type Flood struct {
	Options
	fields []hpack.HeaderField
	wires  []*wire
	start  time.Time

	mu       sync.Mutex
	underway int
	asked    int
	wrong    error
}

// A Tally is what became of the checks of one Run, once the Flood is drained.
type Tally struct {
	Offered int
	Counts  [outcomes]int
	Slow    int           // answers after so long that DESIGN's bound is missed
	Lag     time.Duration // how late the client itself was
	Ends    time.Duration // when the Run was over, by the Flood's clock
	Bad     time.Duration // when the last check was due that was shed, late or slow, by the same
	times   []time.Duration
}

// slow is how long a refusal may take.
const slow = 150 * time.Millisecond

// New connects.
func New(o Options) (*Flood, error) {
	f := &Flood{Options: o, fields: envoyFields(o.Deadline), start: time.Now()}
	for range o.Connections {
		w, err := dial(f, o.Socket)
		if err != nil {
			f.Close()
			return nil, err
		}
		f.wires = append(f.wires, w)
	}
	return f, nil
}

// Close ends the connections.
func (f *Flood) Close() {
	for _, w := range f.wires {
		w.close()
	}
}

func (f *Flood) now() time.Duration { return time.Since(f.start) }

// Run asks so many checks a second for a while. A wrong answer is an error.
func (f *Flood) Run(ctx context.Context, rate float64, length time.Duration) (*Tally, error) {
	if !(rate > 0) {
		return nil, fmt.Errorf("%v checks a second never end", rate)
	}
	t := &Tally{}
	from := f.now()
	gap := time.Duration(float64(time.Second) / rate)
	for n := 0; ; {
		now := f.now()
		for ; from+time.Duration(n)*gap <= now && time.Duration(n)*gap < length; n++ {
			at := from + time.Duration(n)*gap
			t.Lag = max(t.Lag, now-at)
			f.ask(t, at)
		}
		f.abandon(now - f.Deadline)
		if time.Duration(n)*gap >= length || ctx.Err() != nil {
			break
		}
		time.Sleep(tick)
	}
	t.Ends = f.now()
	return t, errors.Join(ctx.Err(), f.err())
}

// tick is how often the loop looks what is due.
const tick = 500 * time.Microsecond

// Drain waits until nothing is under way.
func (f *Flood) Drain() error {
	for end := f.now() + f.Deadline; f.waits() && f.now() < end; {
		time.Sleep(tick)
		f.abandon(f.now() - f.Deadline)
	}
	f.abandon(f.now())
	return f.err()
}

func (f *Flood) waits() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.underway > 0
}

func (f *Flood) abandon(before time.Duration) {
	for _, w := range f.wires {
		w.abandon(before)
	}
}

func (f *Flood) err() error {
	f.mu.Lock()
	errs := []error{f.wrong}
	f.mu.Unlock()
	for _, w := range f.wires {
		errs = append(errs, w.err())
	}
	return errors.Join(errs...)
}

func (f *Flood) ask(t *Tally, at time.Duration) {
	f.mu.Lock()
	a := asked{at: at, number: f.asked, tally: t}
	f.asked++
	t.Offered++
	if f.underway >= f.Breaker {
		t.Counts[Held]++
		t.Bad = at
		f.mu.Unlock()
		return
	}
	f.underway++
	f.mu.Unlock()
	f.wires[a.number%len(f.wires)].ask(a)
}

// settled notes what became of a check.
func (f *Flood) settled(a *asked, as Outcome) {
	took := f.now() - a.at
	if as == Failed && took >= f.Deadline {
		as = Late // the server gave up as well
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.underway--
	t := a.tally
	t.Counts[as]++
	if as == Allowed && !a.mayAllow {
		f.wrong = errors.New("a check was let through that must not be")
	}
	if as <= Shed {
		t.times = append(t.times, took)
	}
	if as <= Shed && took > slow {
		t.Slow++
	}
	if as > Denied || took > slow {
		t.Bad = max(t.Bad, a.at)
	}
}

// Quantile returns one of the times of all answers, from when the check was due.
func (t *Tally) Quantile(q float64) time.Duration {
	if len(t.times) == 0 {
		return 0
	}
	slices.SortFunc(t.times, cmp.Compare[time.Duration])
	return sample.Quantile(t.times, q)
}

// refusal is how a CheckResponse starts that denies: status: {code: …}. Whatever starts otherwise is
// taken for an allow, as Envoy does.
var refusal = []byte{0x0a, 0x02, 0x08}

// outcomeOf reads an answer as it comes over the wire.
func outcomeOf(frame []byte) Outcome {
	switch {
	case len(frame) < 9 || !bytes.HasPrefix(frame[5:], refusal) || frame[8] == 0:
		return Allowed
	case bytes.Contains(frame, []byte(`"overloaded"`)):
		return Shed
	default:
		return Denied
	}
}
