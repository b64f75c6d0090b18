package record

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Options are how a Writer works. The zero Options are the defaults.
type Options struct {
	Queue    int           // how many records wait to be written; 8192 when 0
	Required bool          // Keep allows nothing without a written record
	Deadline time.Duration // how long Require waits; 50 ms when 0
	Log      *zap.Logger   // told of failures, at most once in 10 s; nil for none
}

const (
	defaultQueue    = 8192
	defaultDeadline = 50 * time.Millisecond
)

// Counts is what became of every record that was offered and is not waiting: each is counted
// once.
type Counts struct {
	Written uint64 // its line was written whole
	Dropped uint64 // never tried: the queue was full, or the time was up
	Failed  uint64 // the write failed
}

// A Writer writes records. It is safe for concurrent use.
type Writer struct {
	options Options
	off     bool
	out     io.Writer
	file    *file // what Reopen and Close act on; nil when out is not ours
	queue   chan entry
	done    chan struct{} // closed when the last record is settled

	mu      sync.Mutex
	offered uint64
	counts  Counts
	closed  bool // no record is taken in any more
	final   bool // Close gave up: counts do not change any more
}

// NewWriter returns a writer to out, which stays the caller's to close. A write may block: the
// queue fills meanwhile. Close ends it.
func NewWriter(out io.Writer, o Options) *Writer {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Deadline <= 0 {
		o.Deadline = defaultDeadline
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	w := &Writer{options: o, out: out, queue: make(chan entry, o.Queue), done: make(chan struct{})}
	w.file, _ = out.(*file)
	go w.run()
	return w
}

// Off returns a writer that keeps nothing and counts nothing. Require fails.
func Off() *Writer { return &Writer{off: true} }

// Record offers a record. It never blocks; false says that the record was dropped.
func (w *Writer) Record(r Record) bool { return w.off || w.put(newEntry(r, nil)) }

// Counts returns what became of the records so far.
func (w *Writer) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// put never blocks: it holds the lock over a send to a channel with room, or none.
func (w *Writer) put(e entry) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offered++
	if !w.closed {
		select {
		case w.queue <- e:
			return true
		default:
		}
	}
	w.counts.Dropped++
	return false
}

// Close takes in no more records and writes those that wait. Records that are not written when
// ctx is done are counted as dropped, and the error says how many there are.
func (w *Writer) Close(ctx context.Context) error {
	if w.off {
		return nil
	}
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	select {
	case <-w.done:
		return w.file.close()
	case <-ctx.Done():
	}
	if lost := w.giveUp(); lost > 0 {
		return fmt.Errorf("%d decision records were not written: %w", lost, context.Cause(ctx))
	}
	return nil
}

// giveUp counts everything unsettled as dropped. A write that is blocked may yet succeed; the
// counts no longer follow it.
func (w *Writer) giveUp() (lost uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.final = true
	lost = w.offered - w.counts.Written - w.counts.Dropped - w.counts.Failed
	w.counts.Dropped += lost
	return lost
}

// Reopen opens a file anew by its path, as after logrotate moved it. It waits for a write that
// is under way. On an error the open file stays. For other destinations it does nothing.
func (w *Writer) Reopen() error { return w.file.reopen() }
