package extauthz

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/tap"

	"github.com/postern/postern/identity/reason"
)

// This file refuses what there is no time for. A check waits for nothing but its turn, and where more are
// asked than the machine can decide, all of them wait alike: left alone, each would be decided
// when Envoy has just given up on it, and none in time. So once most of the checks that begin have waited
// too long for a while, these are refused before anything of them is proven, and those behind them are in
// time. A burst that is over sooner is decided: there is time for that, and the checks of others are among it.
//
// To refuse one costs as much as to decide one whose credentials are known: what is saved is
// signatures. More than that Envoy has to keep from being asked, by its circuit breaker's max_requests.

// The bounds of what waits and of how long.
const (
	// maxInFlight bounds the checks that have begun: they wait for an issuer.
	maxInFlight = 4096
	// maxWait is how long a check may wait for its turn, and maxShare the part of Envoy's time that it
	// may. They are small, since it waited before as well, unread, and nobody can tell how long.
	maxWait  = 25 * time.Millisecond
	maxShare = 8
	// few checks that waited are no overload: the machine stood still for a moment.
	few = 32
	// lasting is how long most have waited before any is shed, and calm how long none has before that is
	// another time.
	lasting = 100 * time.Millisecond
	calm    = 250 * time.Millisecond

	warnEvery = 10 * time.Second
)

// What is wrong with a check that is shed, for the operator.
const (
	tooMany = "too many checks wait for an issuer"
	tooLong = "it waited too long for its turn, as most do now"
	gaveUp  = "Envoy gave up on it before its turn came"
)

// An arrival is the context of a check that knows until when it should begin.
type arrival struct {
	context.Context
	latest time.Time
}

type arrivalKey struct{}

// Value is part of context.Context.
func (a *arrival) Value(key any) any {
	if key == (arrivalKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// Arrive notes when a check arrives. It is for [google.golang.org/grpc.InTapHandle]: without it the Server
// cannot tell how long a check has waited. It refuses none, since grpc-go would answer with an RPC error,
// with which Envoy's failure_mode_allow lets the request in.
func (s *Server) Arrive(ctx context.Context, _ *tap.Info) (context.Context, error) {
	now, wait := s.config.Now(), maxWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, deadline.Sub(now)/maxShare)
	}
	return &arrival{ctx, now.Add(wait)}, nil
}

// shed refuses a check for which there is no time, and says whether it did.
func (s *Server) shed(ctx context.Context, c *call) bool {
	switch {
	case s.inFlight.Load() > maxInFlight:
		c.decision.Reason, c.detail = reason.Overloaded, tooMany
	case s.behind.begins(ctx, c.start):
		c.decision.Reason, c.detail = reason.Overloaded, tooLong
		s.warn(c.start)
	case ctx.Err() != nil:
		c.decision.Reason, c.detail = reason.Deadline, gaveUp
	default:
		return false
	}
	c.request.ID = c.newID()
	return true
}

// warn tells the log that checks are shed, at most once in a while.
func (s *Server) warn(now time.Time) {
	last := s.warned.Load()
	if now.UnixNano()-last > int64(warnEvery) && s.warned.CompareAndSwap(last, now.UnixNano()) {
		s.config.Log.Warn("overloaded: most checks wait too long for their turn, and those that did are refused; " +
			"give it more CPU, or look for what keeps it from running")
	}
}

// behind is whether most of the last checks waited too long, and since when. It is exact enough without a
// lock.
type behind struct {
	by          atomic.Int32 // by how many more did than did not
	began, last atomic.Int64 // when most did: in nanoseconds
}

// begins is told of a check that begins, and says whether it has waited too long as most have for a while.
func (b *behind) begins(ctx context.Context, at time.Time) bool {
	a, ok := ctx.Value(arrivalKey{}).(*arrival)
	waited, by := ok && at.After(a.latest), b.by.Load()
	switch {
	case waited && by < 2*few:
		b.by.Add(1)
	case !waited && by > 0:
		b.by.Add(-1)
	}
	if !waited || by < few {
		return false
	}
	now := at.UnixNano()
	if now-b.last.Load() > int64(calm) {
		b.began.Store(now)
	}
	b.last.Store(now)
	return now-b.began.Load() >= int64(lasting)
}
