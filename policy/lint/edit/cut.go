package edit

import "bytes"

// cutBlock takes entries out of a block: whole lines.
func (r *remover) cutBlock(entries []entry, column int, list bool) {
	for i := range entries {
		e := &entries[i]
		if !e.gone {
			continue
		}
		first, last := r.lineOf(e.from), r.lineOf(max(e.from, e.to-1))
		for list && first > 0 && !r.hasDash(first, column) { // the item may stand below its dash
			first--
		}
		if begin := r.indent(first); begin == column {
			r.cutLines(first, last, column)
			continue
		}
		r.cutFirst(entries, i)
	}
}

// cutFirst takes out the first field of a mapping that begins behind the dash of a list item: the
// next field that stays takes its place.
func (r *remover) cutFirst(entries []entry, i int) {
	next := i + 1
	for next < len(entries) && entries[next].gone {
		next++
	}
	if i > 0 || next == len(entries) || bytes.IndexByte(r.text[entries[next-1].to:entries[next].from], '#') >= 0 {
		r.err = ErrLayout
		return
	}
	r.cuts = append(r.cuts, cut{entries[i].from, entries[next].from})
}

// hasDash says that a line has the dash of a list item in a column.
func (r *remover) hasDash(line, column int) bool {
	text := r.line(line)
	return len(text) > column && text[column] == '-'
}

// indent returns the column of the first byte of a line that is no space.
func (r *remover) indent(line int) int {
	text := r.line(line)
	return len(text) - len(bytes.TrimLeft(text, " "))
}

func (r *remover) isBlank(line int) bool {
	return line >= 0 && line < len(r.lines)-1 && len(bytes.TrimSpace(r.line(line))) == 0
}

func (r *remover) isComment(line int) bool {
	return line >= 0 && line < len(r.lines)-1 && bytes.HasPrefix(bytes.TrimLeft(r.line(line), " "), []byte("#"))
}

// cutLines takes out lines, counted from 0, with the comment directly above them in the column,
// the comments below that are indented more, and one of two blank lines that would meet.
func (r *remover) cutLines(first, last, column int) {
	for r.isComment(first-1) && r.indent(first-1) == column {
		first--
	}
	for r.isComment(last+1) && r.indent(last+1) > column {
		last++
	}
	if r.isBlank(first-1) && r.isBlank(last+1) {
		last++
	}
	r.cuts = append(r.cuts, cut{r.lines[first], r.lines[last+1]})
}

// cutFlow takes entries out of what is in brackets: each run of them with the commas that were
// theirs.
func (r *remover) cutFlow(entries []entry) {
	for i := 0; i < len(entries); i++ {
		if !entries[i].gone {
			continue
		}
		first := i
		for i+1 < len(entries) && entries[i+1].gone {
			i++
		}
		if r.cutOwnLines(entries[first].from, entries[i].to) {
			continue
		}
		from, to := entries[first].from, entries[i].to
		if i+1 < len(entries) {
			to = entries[i+1].from
		} else {
			from = entries[first-1].to
		}
		if bytes.IndexByte(r.between(entries, first, i, from, to), '#') >= 0 {
			r.err = ErrLayout
			return
		}
		r.cuts = append(r.cuts, cut{from, to})
	}
}

// between returns what a cut takes beside the entries first to last themselves.
func (r *remover) between(entries []entry, first, last, from, to int) []byte {
	var all []byte
	all = append(all, r.text[from:entries[first].from]...)
	for i := first; i < last; i++ {
		all = append(all, r.text[entries[i].to:entries[i+1].from]...)
	}
	return append(all, r.text[entries[last].to:max(to, entries[last].to)]...)
}

// cutOwnLines takes out a run of entries that share no line with anything else but their comma and
// a comment.
func (r *remover) cutOwnLines(from, to int) bool {
	first, last := r.lineOf(from), r.lineOf(to-1)
	before := r.text[r.lines[first]:from]
	after := bytes.TrimLeft(r.text[to:r.lines[last+1]], " ")
	after = bytes.TrimLeft(bytes.TrimPrefix(after, []byte(",")), " \r\n")
	if len(bytes.TrimLeft(before, " ")) > 0 || len(after) > 0 && after[0] != '#' {
		return false
	}
	r.cutLines(first, last, len(before))
	return true
}
