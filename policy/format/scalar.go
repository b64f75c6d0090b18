package format

import (
	"strings"

	"github.com/postern/postern/policy/syntax/tree"
)

// scalar reads a string in quotes or a plain one, over which the reader goes.
func (r *reader) scalar(n *tree.Node) value {
	size := len(n.Text)
	if n.Quoted {
		size = quotedSize(r.text[r.at:])
	}
	raw := r.text[r.at : r.at+size]
	r.at += size
	return value{kind: tree.Scalar, text: n.Text, raw: raw, typed: !n.Quoted && tree.TypeOf(n.Text) != tree.String}
}

// quotedSize returns how long a string is that begins with a quote, both quotes included.
func quotedSize(text string) int {
	for at := 1; at < len(text); at++ {
		switch {
		case text[at] == '\\' && text[0] == '"':
			at++
		case text[at] != text[0]:
		case text[0] == '\'' && strings.HasPrefix(text[at:], "''"):
			at++
		default:
			return at + 1
		}
	}
	return len(text)
}

// lines reads a text below | or >. The reader is left at the end of its last line, so that blank
// lines that are no part of it are seen as such.
func (r *reader) lines(e *entry, n *tree.Node) {
	v := value{kind: tree.Scalar, text: n.Text, header: r.text[r.at : r.at+1]}
	header, below, _ := strings.Cut(r.text[r.at:], "\n")
	if i := strings.IndexByte(header, '#'); i >= 0 {
		e.after = []string{strings.TrimRight(header[i:], " ")}
	}
	content := strings.TrimRight(n.Text, "\n")
	ends := len(n.Text) - len(content) // how many line ends it has behind its last line
	v.lines = unindented(below, e.column)
	take := len(v.lines)
	switch {
	case content == "":
		v.lines, take = make([]string, ends), ends
		v.kept = ends > 0
	case ends == 0:
		v.header += "-"
	case ends > 1:
		v.lines = append(v.lines, make([]string, ends-1)...)
		take, v.kept = len(v.lines), true
	}
	if v.kept {
		v.header += "+"
	}
	r.at += len(header)
	for range take {
		r.line, r.start = r.line+1, r.at+1
		line, _, _ := strings.Cut(r.text[r.start:], "\n")
		r.at = r.start + len(line)
	}
	e.value = v
}

// unindented returns the lines of a text below | or > without their indent, up to the last that
// is not blank. column is that of the entry whose text it is.
func unindented(text string, column int) []string {
	var lines []string
	content, indent := 0, -1
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		width := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case width == len(line) && (indent < 0 || width <= indent):
			lines = append(lines, "")
			continue
		case width <= column:
			return lines[:content]
		case indent < 0:
			indent = width
		}
		lines = append(lines, line[indent:])
		content = len(lines)
	}
	return lines[:content]
}
