package record

import "time"

// apart is how long after a write the next one is, unless somebody waits for a line: to wake up and write
// for each line costs more than all else about it.
const apart = 10 * time.Millisecond

// run writes what waits until there will be no more, or Close gave up.
func (w *Writer) run() {
	defer close(w.done)
	report := reporter{log: w.options.Log}
	b, out := &batch{}, &output{to: w.out}
	timer := time.NewTimer(0)
	var last time.Time
	for open := true; open; {
		if _, open = <-w.wake; open && !w.isUrgent() {
			timer.Reset(apart - time.Since(last))
			select {
			case <-timer.C:
			case _, open = <-w.wake:
			}
		}
		last = time.Now()
		if failed := w.take(b); !w.writeAll(b, out, &report, failed) {
			return
		}
		b.empty()
	}
	report.end(w.Counts())
}

// writeAll writes the lines of a batch, and says whether to go on.
func (w *Writer) writeAll(b *batch, out *output, report *reporter, failed error) (goOn bool) {
	total, goOn := w.settle(Counts{Dropped: b.claim()}, nil)
	if failed != nil {
		report.batch(total, failed)
	}
	for n := 0; n < len(b.ends) && goOn; {
		count, lines := b.first(n)
		done, err := out.write(lines)
		written := b.through(n, count, done)
		total, goOn = w.settle(Counts{Written: uint64(written), Failed: uint64(count - written)}, err)
		b.tell(n, count, written, err)
		report.batch(total, err)
		n += count
	}
	return goOn
}

// through returns how many of the lines, count of them from the n-th on, are whole in so many bytes.
func (b *batch) through(n, count, bytes int) (written int) {
	if n > 0 {
		bytes += b.ends[n-1]
	}
	for written < count && b.ends[n+written] <= bytes {
		written++
	}
	return written
}

// tell tells whoever waits for one of these lines.
func (b *batch) tell(n, count, written int, err error) {
	for i, r := range b.receipts[n : n+count] {
		if i < written {
			r.settle(nil)
		} else {
			r.settle(err)
		}
	}
}

// take puts the lines that wait into the empty batch, in whose memory others wait then. It returns why a
// record could not be encoded.
func (w *Writer) take(b *batch) (failed error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*b, w.waiting = w.waiting, *b
	failed, w.failed, w.urgent = w.failed, nil, false
	return failed
}

// isUrgent says that lines should be written at once.
func (w *Writer) isUrgent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.urgent
}

// settle counts what was tried, and says whether to go on. err is why the last of it failed.
func (w *Writer) settle(c Counts, err error) (total Counts, goOn bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.final {
		return w.counts, false
	}
	w.counts.Written += c.Written
	w.counts.Dropped += c.Dropped
	w.counts.Failed += c.Failed
	switch {
	case c.Failed > 0:
		w.lose(err)
	case c.Written > 0 && w.loss != nil && time.Since(w.lost) >= calm:
		w.loss = nil
	}
	return w.counts, true
}
