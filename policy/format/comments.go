package format

// takeBeside takes the comment that stands behind something off the others, with the lines that go
// on below it in its column. next is the column of the content that follows: what stands in
// that is a comment about it.
func takeBeside(comments []comment, next int) (beside []string, rest []comment) {
	if len(comments) == 0 || !comments[0].beside {
		return nil, comments
	}
	n := 1
	for n < len(comments) && comments[n].line == comments[n-1].line+1 && comments[n].column == comments[0].column && comments[n].column != next {
		n++
	}
	return texts(comments[:n]), comments[n:]
}

// behind gives the comment behind the content that was read last to it, and returns the others.
func (r *reader) behind(comments []comment, next int) []comment {
	beside, rest := takeBeside(comments, next)
	if beside != nil {
		r.last.after = beside
	}
	return rest
}

// place gives the comments before an entry to what they belong to, as far as that is above, and
// returns the others. blank says that a blank line stands behind them.
func (r *reader) place(comments []comment, next *entry, blank bool) []comment {
	comments = r.behind(comments, next.column)
	n := 0
	for n < len(comments) && comments[n].column > next.column {
		n++
	}
	n += clinging(comments[n:], blank)
	r.below(comments[:n], next.around)
	return comments[n:]
}

// clinging counts the comments that follow what is above them without a blank line, and have one
// behind them.
func clinging(comments []comment, blank bool) int {
	for i, c := range comments {
		switch {
		case c.blank:
			return i
		case blank && i == len(comments)-1:
			return len(comments)
		}
	}
	return 0
}

// below puts comments below the entries that end here, those in the value of around: each below
// the innermost that is not indented more than the comment.
func (r *reader) below(comments []comment, around *entry) {
	e := r.last
	for _, c := range comments {
		for e.column > c.column && e.around != around {
			e = e.around
		}
		e.foot = append(e.foot, c)
	}
}

// end gives the comments at the end of a document their place. Those that stand below all of it are
// the document's, whichever of its fields is the last.
func (r *reader) end(d *document) {
	d.foot, _ = r.gap()
	if r.last != d.root {
		r.below(r.behind(d.foot, -1), d.root)
		last := d.root.value.entries[len(d.root.value.entries)-1]
		d.foot, last.foot = last.foot, nil
	}
	d.root.settle()
	d.head = append(append(d.head, d.root.head...), lines(d.root.beside)...)
}
