// Package agetest steps the wall clock in tests, which only a machine's owner could.
package agetest

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Step returns t as it would be had the wall clock been put forward by d, in whole seconds: its
// monotonic reading stays. A t without one is t.Add(d).
func Step(t time.Time, d time.Duration) time.Time {
	d = d.Truncate(time.Second)
	stepped := t
	// The seconds of a time with a monotonic reading are bits 30 to 62 of its first word. Package
	// time has no way to change them alone; the check below is for the day this changes.
	word := (*uint64)(unsafe.Pointer(&stepped))
	*word += uint64(int64(d/time.Second)) << 30 // a negative one wraps, as it should
	if stepped.Round(0).Equal(t.Round(0).Add(d)) && stepped.Sub(t) == 0 {
		return stepped
	}
	return t.Add(d)
}

// A Clock is the machine's, but for a step of its wall clock. The zero Clock has none.
type Clock struct{ step atomic.Int64 }

// Set makes the wall clock differ by d from now on.
func (c *Clock) Set(d time.Duration) { c.step.Store(int64(d)) }

// Now returns the time.
func (c *Clock) Now() time.Time { return Step(time.Now(), time.Duration(c.step.Load())) }
