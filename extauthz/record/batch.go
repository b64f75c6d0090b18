package record

import "io"

const (
	// batchSize is how many bytes of lines make a write, whatever else waits.
	batchSize = 64 << 10
	// keepSize is how large a buffer may have grown and still be used again.
	keepSize = 1 << 20
)

// A batch is the lines of one write.
type batch struct {
	lines    []byte
	ends     []int      // where in lines each one ends
	receipts []*receipt // of each line; nil where nobody waits
	cut      bool       // the last write stopped inside a line
}

func (b *batch) full() bool { return len(b.lines) >= batchSize }

// add encodes an entry. On an error the batch is as it was.
func (b *batch) add(e *entry) error {
	lines := b.lines
	if b.cut && len(lines) == 0 {
		lines = append(lines, '\n') // the line that was cut is lost, this one is not
	}
	lines, err := encode(lines, e)
	if err != nil {
		return err
	}
	b.lines = lines
	b.ends = append(b.ends, len(b.lines))
	b.receipts = append(b.receipts, e.receipt)
	return nil
}

// write writes the lines. It returns how many of them were written whole; the rest is given up.
func (b *batch) write(to io.Writer) (written int, err error) {
	if len(b.ends) == 0 {
		return 0, nil
	}
	n, err := to.Write(b.lines)
	if err == nil && n < len(b.lines) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		b.cut = b.lines[n-1] != '\n'
	}
	for written < len(b.ends) && b.ends[written] <= n {
		written++
	}
	return written, err
}

// finish tells whoever waits for one of the lines, and empties the batch.
func (b *batch) finish(written int, err error) {
	for i, r := range b.receipts {
		if i < written {
			r.settle(nil)
		} else {
			r.settle(err)
		}
	}
	if cap(b.lines) > keepSize {
		b.lines = nil
	}
	clear(b.receipts)
	b.lines, b.ends, b.receipts = b.lines[:0], b.ends[:0], b.receipts[:0]
}
