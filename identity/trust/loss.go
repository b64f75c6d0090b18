package trust

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// deniedAge is how long the last bundles serve at most once the agent says that this process
// has no identity: its registration entry was deleted, which is a revocation, or the agent has
// restarted and does not know it yet, which passes.
const deniedAge = time.Hour

// A loss is a time without updates that can be used.
type loss struct {
	since  time.Time // zero while there is none
	denied time.Time // when the agent first said that we have no identity
	cause  string
}

// note takes in why there is no stream, and returns the code of that.
func (l *loss) note(err error, now time.Time) codes.Code {
	if l.since.IsZero() {
		l.since = now
	}
	code := status.Code(err)
	if code == codes.PermissionDenied && l.denied.IsZero() {
		l.denied = now
	}
	return code
}

// until returns when the last good goes stale: maxAge after the loss, and soon after the agent
// denied us. It is zero while there is no loss.
func (l loss) until(maxAge time.Duration) time.Time {
	switch {
	case l.since.IsZero():
		return time.Time{}
	case l.denied.IsZero():
		return l.since.Add(maxAge)
	}
	return earlier(l.since.Add(maxAge), l.denied.Add(deniedAge))
}

// earlier returns the earlier of two times at which something ends; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// A held is the last good bundle of a trust domain.
type held[B any] struct {
	bundle B
	since  time.Time // since when updates have a bundle of it that cannot be used; zero: they have not
}

// unrenewed is what is held when an update has a bundle that cannot be used.
func (h held[B]) unrenewed(now time.Time) held[B] {
	if h.since.IsZero() {
		h.since = now
	}
	return h
}

// until returns when the bundle goes stale, if the loss of the stream makes it stale at another time;
// zero is never.
func (h held[B]) until(lost time.Time, maxAge time.Duration) time.Time {
	if h.since.IsZero() {
		return lost
	}
	return earlier(lost, h.since.Add(maxAge))
}
