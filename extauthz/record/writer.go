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
	Queue    int           // how many records wait at most while others are being written; 8192 when 0
	Required bool          // Keep allows nothing without a written record
	Deadline time.Duration // how long Require waits; 50 ms when 0
	Log      *zap.Logger   // told of failures, at most once in 10 s; nil for none
}

const (
	defaultQueue    = 8192
	defaultDeadline = 50 * time.Millisecond
)

// maxBytes is how many bytes of lines wait at most, beside those that are being written.
const maxBytes = 8 << 20

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
	file    *file         // what Reopen and Close act on; nil when out is not ours
	wake    chan struct{} // has one when lines wait or became urgent; closed by Close
	done    chan struct{} // closed when the last record is settled
	scratch sync.Pool     // of *[]byte: lines that are being encoded

	mu      sync.Mutex
	waiting batch
	urgent  bool  // somebody waits for a line, or half of the room is taken
	failed  error // why a record could not be encoded
	offered uint64
	counts  Counts
	loss    error     // why the last record was lost; nil once records are written again
	lost    time.Time // when that was
	closed  bool      // no record is taken in any more
	final   bool      // Close gave up: counts do not change any more
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
	w := &Writer{options: o, out: out, wake: make(chan struct{}, 1), done: make(chan struct{})}
	w.file, _ = out.(*file)
	go w.run()
	return w
}

// Off returns a writer that keeps nothing and counts nothing. Require fails.
func Off() *Writer { return &Writer{off: true} }

// Record offers a record, and reads all of it before it returns. It never blocks; false says that the
// record was dropped, or cannot be encoded.
func (w *Writer) Record(r *Record) bool { return w.off || w.put(r, nil) == nil }

// Counts returns what became of the records so far.
func (w *Writer) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// calm is how long no record was lost before a write shows that they are written again: what takes in most
// of them, and not all, writes too.
const calm = 10 * time.Second

// Losing returns why records are being lost: nil when none was, or one has been written when none had been
// for 10 s.
func (w *Writer) Losing() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.loss
}

// lose notes why a record is lost.
func (w *Writer) lose(why error) { w.loss, w.lost = why, time.Now() }

// put encodes a record and lets its line wait. It never blocks: it holds the lock over a copy.
func (w *Writer) put(r *Record, waiting *receipt) error {
	line, _ := w.scratch.Get().(*[]byte)
	if line == nil {
		line = new([]byte)
	}
	encoded, err := encode((*line)[:0], r)
	*line = encoded
	err = w.queue(encoded, err, waiting)
	if cap(encoded) <= batchSize {
		w.scratch.Put(line)
	}
	return err
}

// queue lets a line wait, or counts why not.
func (w *Writer) queue(line []byte, encoding error, waiting *receipt) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offered++
	queued, size := len(w.waiting.ends), len(w.waiting.lines)+len(line)
	switch {
	case w.closed || queued >= w.options.Queue || size > maxBytes:
		w.counts.Dropped++
		w.lose(ErrDropped)
		return ErrDropped
	case encoding != nil:
		w.counts.Failed++
		w.failed = encoding
		w.lose(encoding)
		w.hurry()
		return encoding
	}
	w.waiting.add(line, waiting)
	if waiting != nil || queued >= w.options.Queue/2 || size > maxBytes/2 {
		w.hurry()
	} else if queued == 0 {
		w.signal()
	}
	return nil
}

// hurry has the lines written at once.
func (w *Writer) hurry() {
	if !w.urgent {
		w.urgent = true
		w.signal()
	}
}

func (w *Writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it has one
	}
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
		close(w.wake)
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
