package record

// run writes what is queued until the queue is closed and empty, or Close gave up.
func (w *Writer) run() {
	defer close(w.done)
	b := &batch{}
	report := reporter{log: w.options.Log}
	for e := range w.queue {
		c, err := w.fill(b, e)
		written, writeErr := b.write(w.out)
		c.Written += uint64(written)
		c.Failed += uint64(len(b.ends) - written)
		if writeErr != nil {
			err = writeErr
		}
		total, goOn := w.settle(c)
		b.finish(written, writeErr)
		report.batch(total, err)
		if !goOn {
			return
		}
	}
	report.end(w.Counts())
}

// fill adds the entry and what waits behind it to the batch. It returns what became of those
// that are not in it.
func (w *Writer) fill(b *batch, e entry) (c Counts, err error) {
	for {
		if !e.receipt.claim() {
			c.Dropped++
		} else if encodeErr := b.add(&e); encodeErr != nil {
			c.Failed++
			err = encodeErr
			e.receipt.settle(err)
		}
		if b.full() {
			return c, err
		}
		select {
		case next, open := <-w.queue:
			if !open {
				return c, err
			}
			e = next
		default:
			return c, err
		}
	}
}

// settle counts, and says whether to go on.
func (w *Writer) settle(c Counts) (total Counts, goOn bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.final {
		return w.counts, false
	}
	w.counts.Written += c.Written
	w.counts.Dropped += c.Dropped
	w.counts.Failed += c.Failed
	return w.counts, true
}
