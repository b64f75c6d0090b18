package revoke

import (
	"context"
	"errors"
	"time"

	"github.com/postern/postern/identity"
)

// maxBatch bounds how many entries are written at once.
const maxBatch = 512

var errStopped = errors.New("the writer of revocations has stopped")

// A Writer writes the entries of many to one document. What comes while it writes is written together
// afterwards, so that a burst costs a few writes, and one alone does not wait.
type Writer struct {
	store *Store
	name  string
	now   func() time.Time
	queue chan order
	over  chan struct{}
}

// An order is an entry that somebody waits for.
type order struct {
	entry identity.RevocationEntry
	done  chan result // has room for one
}

type result struct {
	at  string
	err error
}

// NewWriter returns a Writer to the document name. Run does the work.
func NewWriter(store *Store, name string, now func() time.Time) *Writer {
	return &Writer{store: store, name: name, now: now, queue: make(chan order, maxBatch), over: make(chan struct{})}
}

// Add returns the position of the entry when it is on the disk, or why it is not. When ctx is done
// first, it may come to be there still.
func (w *Writer) Add(ctx context.Context, e identity.RevocationEntry) (at string, err error) {
	if _, err := line(&e); err != nil {
		return "", err // so that no others fail with it
	}
	o := order{e, make(chan result, 1)}
	select {
	case w.queue <- o:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-w.over:
		return "", errStopped
	}
	select {
	case r := <-o.done:
		return r.at, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-w.over:
		return "", errStopped
	}
}

// Run writes until ctx is done. It is called once.
func (w *Writer) Run(ctx context.Context) {
	defer close(w.over)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-w.queue:
			w.write(w.gather(first))
		}
	}
}

// gather takes what else waits.
func (w *Writer) gather(first order) []order {
	batch := []order{first}
	for len(batch) < maxBatch {
		select {
		case o := <-w.queue:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// write writes a batch, and tells who waits.
func (w *Writer) write(batch []order) {
	entries, places := distinct(batch)
	written, err := w.store.Add(w.name, entries, w.now())
	for i, o := range batch {
		r := result{err: err}
		if err == nil {
			r.at = written.Entries[places[i]].At
		}
		o.done <- r
	}
}

// distinct returns the entries of a batch, without those that a later one covers, and the place in them
// of what cuts off the thing of each order.
func distinct(batch []order) (entries []identity.RevocationEntry, places []int) {
	last := map[topic]int{}
	for i := range batch {
		e := batch[i].entry
		about, one := topicOf(&e)
		at, known := last[about]
		if known && covers(&e, &entries[at]) {
			entries[at] = e
		} else {
			at = len(entries)
			entries = append(entries, e)
		}
		if one {
			last[about] = at
		}
		places = append(places, at)
	}
	return entries, places
}
