package record

import (
	"io"
	"slices"
)

const (
	// batchSize is how many bytes of lines make a write, whatever else waits.
	batchSize = 64 << 10
	// keepSize is how large a buffer may have grown and still be used again.
	keepSize = 1 << 20
)

// A batch is lines, in the order in which they were offered.
type batch struct {
	lines    []byte
	ends     []int      // where in lines each one ends
	receipts []*receipt // of each line; nil where nobody waits
}

func (b *batch) add(line []byte, waiting *receipt) {
	b.lines = append(b.lines, line...)
	b.ends = append(b.ends, len(b.lines))
	b.receipts = append(b.receipts, waiting)
}

// claim leaves out the lines that were given up, and returns how many those were.
func (b *batch) claim() (dropped uint64) {
	all := *b
	b.lines, b.ends, b.receipts = b.lines[:0], b.ends[:0], b.receipts[:0]
	start := 0
	for i, end := range all.ends {
		if waiting := all.receipts[i]; waiting.claim() {
			b.add(all.lines[start:end], waiting) // where it was, or before that
		} else {
			dropped++
		}
		start = end
	}
	return dropped
}

// first returns how many of the lines from the n-th on make the next write, and their bytes.
func (b *batch) first(n int) (count int, lines []byte) {
	start := 0
	if n > 0 {
		start = b.ends[n-1]
	}
	count, _ = slices.BinarySearch(b.ends[n:], start+batchSize)
	count = min(count+1, len(b.ends)-n) // a line more than fits, or all
	return count, b.lines[start:b.ends[n+count-1]]
}

// empty makes room for other lines.
func (b *batch) empty() {
	if cap(b.lines) > keepSize {
		*b = batch{}
	}
	clear(b.receipts)
	b.lines, b.ends, b.receipts = b.lines[:0], b.ends[:0], b.receipts[:0]
}

// An output is where lines go.
type output struct {
	to  io.Writer
	cut bool // the last write stopped inside a line
}

// write writes lines. It returns how many bytes of them were written; the rest is given up.
func (o *output) write(lines []byte) (written int, err error) {
	sent, more := lines, 0
	if o.cut { // the line that was cut is lost, this one is not
		sent, more = append([]byte{'\n'}, lines...), 1
	}
	n, err := o.to.Write(sent)
	if err == nil && n < len(sent) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		o.cut = sent[n-1] != '\n'
	}
	return max(0, n-more), err
}
