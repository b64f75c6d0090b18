package tree

import (
	"bytes"
	"fmt"
)

// A Piece is what Divide takes for one document. With Faults it is none that Read could be given.
type Piece struct {
	Part
	Faults []*Fault
}

// Divide is Split for a text of which a part may be at fault: each document is checked by itself,
// so that no other keeps it from being read. What stands behind "---" on its line, or behind a line
// that Split does not take, is at fault up to the next "---". Where Split finds no fault, Divide
// finds the same parts.
func Divide(text []byte) []Piece {
	d := divider{text: text, first: 1}
	for line := range bytes.Lines(text) {
		d.line++
		separates, err := separator(bytes.TrimRight(line, " \r\n"))
		if separates || isMarker(line) {
			d.finish()
			d.begin, d.first = d.at, d.line
			if separates && check(line) == nil {
				d.begin, d.first = d.at+len(line), d.line+1
			}
		}
		if err != "" {
			d.faults = append(d.faults, &Fault{d.line, 1, err})
		}
		d.at += len(line)
	}
	d.finish()
	return d.pieces
}

// isMarker says that a line divides documents to some reader of YAML.
func isMarker(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}

// A divider goes through a text line by line.
type divider struct {
	text         []byte
	pieces       []Piece
	faults       []*Fault // of the piece at hand
	begin, first int      // its first byte and line
	at, line     int      // the line at hand
	over         int      // the first byte of the piece that is one too many
}

// finish ends a piece before the line at hand. What is beyond maxParts is one piece together, at
// fault.
func (d *divider) finish() {
	faults := d.faults
	d.faults = nil
	if len(d.pieces) > maxParts {
		d.pieces[maxParts].Text = d.text[d.over:d.at]
		return
	}
	p := Part{d.text[d.begin:d.at], d.first}
	for _, f := range check(p.Text) {
		faults = append(faults, &Fault{d.first - 1 + f.Line, f.Column, f.Message})
	}
	switch {
	case len(appendPart(nil, p)) == 0 && len(faults) == 0:
	case len(d.pieces) == maxParts:
		d.over = d.begin
		d.pieces = append(d.pieces, Piece{p, []*Fault{{d.first, 1, fmt.Sprintf("more than %d documents in one file", maxParts)}}})
	default:
		d.pieces = append(d.pieces, Piece{p, faults})
	}
}
