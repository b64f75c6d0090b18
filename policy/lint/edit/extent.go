package edit

import (
	"bytes"

	"github.com/postern/postern/policy/syntax/tree"
)

// begin returns the first byte of a node.
func (r *remover) begin(n *tree.Node) int { return r.lines[n.Line-1] + int(n.Column) - 1 }

// end returns the byte behind a node, without comments. around is the column, from 0, of the block
// that it stands in.
func (r *remover) end(n *tree.Node, around int) int {
	at := r.begin(n)
	switch {
	case n.Kind == tree.Nothing:
		return at + 1 // the dash of an item; of a field the caller knows better
	case n.Kind == tree.Scalar:
		return r.scalarEnd(n, around)
	case r.isFlow(n):
		return r.flowEnd(n, around)
	case len(n.Items) == 0:
		return at
	}
	column := int(n.Column) - 1
	last := &n.Items[len(n.Items)-1]
	if n.Kind == tree.Mapping && last.Kind == tree.Nothing {
		return r.colon(&n.Items[len(n.Items)-2]) + 1
	}
	return r.end(last, column)
}

func (r *remover) scalarEnd(n *tree.Node, around int) int {
	at := r.begin(n)
	switch c := r.text[at]; {
	case !n.Quoted:
		return at + len(n.Text)
	case c == '\'' || c == '"':
		return at + quotedSize(r.text[at:])
	}
	line := int(n.Line) // the first below | or >, counted from 0
	last := line - 1
	for ; line < len(r.lines)-1; line++ {
		text := bytes.TrimRight(r.line(line), " \r\n")
		indent := len(text) - len(bytes.TrimLeft(text, " "))
		if len(text) > 0 && indent <= around {
			break
		}
		if len(text) > 0 {
			last = line
		}
	}
	return r.lines[last] + len(bytes.TrimRight(r.line(last), "\r\n"))
}

// quotedSize returns the size of the quoted string that a text, which is sound, begins with.
func quotedSize(text []byte) int {
	quote := text[0]
	for at := 1; at < len(text); at++ {
		switch {
		case text[at] == '\\' && quote == '"':
			at++
		case text[at] != quote:
		case quote == '\'' && at+1 < len(text) && text[at+1] == quote:
			at++
		default:
			return at + 1
		}
	}
	return len(text)
}

// flowEnd finds the bracket that closes, behind the last item.
func (r *remover) flowEnd(n *tree.Node, around int) int {
	at := r.begin(n) + 1
	if len(n.Items) > 0 {
		last := &n.Items[len(n.Items)-1]
		at = max(at, r.end(last, around))
		if n.Kind == tree.Mapping && last.Kind == tree.Nothing {
			at = r.colon(&n.Items[len(n.Items)-2]) + 1
		}
	}
	for ; at < len(r.text); at++ {
		switch r.text[at] {
		case ']', '}':
			return at + 1
		case '#':
			at += bytes.IndexByte(append(r.text[at:len(r.text):len(r.text)], '\n'), '\n')
		}
	}
	return len(r.text)
}

// colon returns the byte of the colon behind a field's name.
func (r *remover) colon(key *tree.Node) int {
	at := r.scalarEnd(key, 0)
	return at + bytes.IndexByte(r.text[at:], ':')
}

// line returns a line, counted from 0, with its end.
func (r *remover) line(i int) []byte { return r.text[r.lines[i]:r.lines[i+1]] }

// lineOf returns the line, counted from 0, that a byte stands in.
func (r *remover) lineOf(at int) int {
	low, high := 0, len(r.lines)-1
	for high-low > 1 {
		if middle := (low + high) / 2; r.lines[middle] <= at {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
