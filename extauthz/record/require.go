package record

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// The ways in which Require fails when the write itself does not.
var (
	ErrDropped  = errors.New("the record was dropped: too many wait to be written, or records are off or closed")
	ErrDeadline = errors.New("the record was not written in time")
)

// A receipt is how Require and the writer agree on one record. Whoever claims it first has
// it: the writer writes it, or Require gives it up and it is never written.
type receipt struct {
	claimed atomic.Bool
	done    chan error
}

func (r *receipt) claim() bool { return r == nil || r.claimed.CompareAndSwap(false, true) }

func (r *receipt) settle(err error) {
	if r != nil {
		r.done <- err
	}
}

// Require returns nil once the line of a record is written; it is not synced to the disk. It
// fails when it cannot be, or not before ctx is done or Options.Deadline has passed: then
// nothing may be allowed. A record that failed is not written later, except when the write
// is what took too long.
func (w *Writer) Require(ctx context.Context, r *Record) error {
	if w.off {
		return ErrDropped
	}
	mine := &receipt{done: make(chan error, 1)}
	if err := w.put(r, mine); err != nil {
		return err
	}
	deadline := time.NewTimer(w.options.Deadline)
	defer deadline.Stop()
	late := false
	select {
	case err := <-mine.done:
		return err
	case <-ctx.Done(): // which may be whoever asked, and not where records go
	case <-deadline.C:
		late = true
	}
	switch {
	case !mine.claim():
		select {
		case err := <-mine.done:
			return err
		default: // it may be written yet
		}
	case late:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lose(ErrDeadline)
	}
	return ErrDeadline
}

// Keep offers a record, reads all of it before it returns, and says whether an allow may stand. With Options.Required an allow
// stands only once its record is written.
func (w *Writer) Keep(ctx context.Context, r *Record) bool {
	if w.options.Required && r.Decision.Allow {
		return w.Require(ctx, r) == nil
	}
	w.Record(r)
	return true
}
