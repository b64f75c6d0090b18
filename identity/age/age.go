// Package age measures how old something is by two clocks, of which either may be wrong.
//
// The wall clock is stepped by hand and by NTP. The monotonic clock is not, but it stands still
// while a machine sleeps. What may be used only for so long has to end by whichever of the two
// says that it is older: then a clock that is put back keeps no key or bundle in use, and neither
// does a night with the lid closed. A clock that is put forward may end it early, which is safe,
// and passes with the next fetch.
//
// Times of time.Now have both readings; where one of two times has no monotonic one, the wall
// clock alone decides.
package age

import "time"

// Since returns how much later at is than from, by the clock by which it is more.
func Since(from, at time.Time) time.Duration {
	return max(at.Sub(from), at.Round(0).Sub(from.Round(0)))
}

// Reached says that at is not before until by one of the clocks.
func Reached(until, at time.Time) bool { return Since(until, at) >= 0 }
