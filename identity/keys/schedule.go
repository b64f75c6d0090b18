package keys

import (
	"math/rand/v2"
	"time"
)

// A schedule says when a source fetches. Two fetches begin at least the interval apart,
// whatever else happens.
type schedule struct {
	interval time.Duration // between two fetches at least, and after a failed one
	refresh  time.Duration // between two fetches when all is well
	number   uint64        // of fetches begun
	began    time.Time     // when the last one began; before the first, what the interval counts from
	planned  time.Time     // when the next begins, if nobody asks for it earlier
}

// jitter is the part of a delay that is left to chance, so that the sidecars of a mesh that
// started together do not ask together for ever.
const jitter = 0.1

// due returns when the next fetch begins; asked says that it should be soon.
func (s *schedule) due(asked bool) time.Time {
	soonest := s.began.Add(s.interval)
	switch {
	case asked || s.planned.Before(soonest):
		return soonest
	case s.planned.After(s.began.Add(s.refresh)) && s.number > 0:
		return later(soonest, s.began.Add(s.refresh)) // refresh was shortened
	}
	return s.planned
}

// begin notes that a fetch begins now and returns its number.
func (s *schedule) begin(now time.Time) uint64 {
	s.began = now
	s.number++
	s.planned = now.Add(s.interval)
	return s.number
}

// end plans the next fetch after one that was good or not.
func (s *schedule) end(good bool) {
	if !good {
		s.planned = s.began.Add(s.interval + part(s.interval))
		return
	}
	s.planned = later(s.began.Add(s.interval), s.began.Add(s.refresh-part(s.refresh)))
}

// part returns a random part of d, of at most jitter.
func part(d time.Duration) time.Duration {
	return time.Duration(rand.Float64() * jitter * float64(d)) //nolint:gosec // nobody gains by guessing it
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
