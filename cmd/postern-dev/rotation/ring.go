// Package rotation replaces signing keys the way that loses nobody: a new one is published
// before its first use, and the old one stays published until what it signed has expired.
package rotation

import (
	"fmt"
	"time"
)

// Limit is how many entries a Ring publishes at most, far below what verifiers take.
const Limit = 32

// A Ring holds what signs now, what will, and what did. It knows no clock: every question
// names its time, which must not go back. It is not safe for concurrent use.
type Ring[T any] struct {
	entries []entry[T] // in the order they were added; the first signs from the start
}

type entry[T any] struct {
	value T
	from  time.Time // when it begins to sign
	until time.Time // when it is no longer published; zero while nothing replaces it
}

// NewRing returns a ring in which first signs.
func NewRing[T any](first T) *Ring[T] {
	return &Ring[T]{entries: []entry[T]{{value: first}}}
}

// Add publishes value now and lets it sign from now + lead on. Everything before it is
// withdrawn keep after that, or earlier where that was said already. It fails on a negative
// duration and when Limit entries are published.
func (r *Ring[T]) Add(value T, now time.Time, lead, keep time.Duration) error {
	if lead < 0 || keep < 0 {
		return fmt.Errorf("rotation: lead %v and keep %v must not be negative", lead, keep)
	}
	r.prune(now)
	if len(r.entries) >= Limit {
		return fmt.Errorf("rotation: %d are published already; wait until the oldest is withdrawn", Limit)
	}
	from := now.Add(lead)
	until := from.Add(keep)
	for i := range r.entries {
		if e := &r.entries[i]; e.until.IsZero() || e.until.After(until) {
			e.until = until
		}
	}
	r.entries = append(r.entries, entry[T]{value: value, from: from})
	return nil
}

// Current returns what signs at now: of those whose time has come, the last added.
func (r *Ring[T]) Current(now time.Time) T {
	for i := len(r.entries) - 1; i > 0; i-- {
		if !r.entries[i].from.After(now) {
			return r.entries[i].value
		}
	}
	return r.entries[0].value
}

// Published returns what verifiers must know at now, the oldest first.
func (r *Ring[T]) Published(now time.Time) []T {
	var values []T
	for _, e := range r.entries {
		if e.published(now) {
			values = append(values, e.value)
		}
	}
	return values
}

// Next returns when Current or Published changes next, and false when nothing is planned.
func (r *Ring[T]) Next(now time.Time) (time.Time, bool) {
	var next time.Time
	for _, e := range r.entries {
		for _, t := range []time.Time{e.from, e.until} {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
	}
	return next, !next.IsZero()
}

func (e *entry[T]) published(now time.Time) bool { return e.until.IsZero() || now.Before(e.until) }

func (r *Ring[T]) prune(now time.Time) {
	kept := r.entries[:0]
	for _, e := range r.entries {
		if e.published(now) {
			kept = append(kept, e)
		}
	}
	clear(r.entries[len(kept):])
	r.entries = kept
}
