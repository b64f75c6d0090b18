package format

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/tree"
)

// A reader goes through the text of one document a second time, led by its nodes, and takes in what
// they leave out: comments, blank lines, brackets. It stands at a byte and knows its line.
type reader struct {
	text  string
	at    int    // the byte to read next
	start int    // the first byte of its line
	line  int    // from 1
	last  *entry // the innermost one of what was read last
}

// read divides a text, whose lines end in \n, into documents. It is false for a text that package
// tree does not read.
func read(text string) ([]*document, bool) {
	if _, faults := tree.Split([]byte(text)); len(faults) > 0 {
		return nil, false
	}
	var documents []*document
	separator, begin := "", 0
	for at := 0; at < len(text); {
		end := at + strings.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line := strings.TrimRight(text[at:end], " \n")
		if line == "---" || strings.HasPrefix(line, "--- ") {
			documents = appendPart(documents, text[begin:at], separator)
			separator, begin = line, end
		}
		at = end
	}
	documents = appendPart(documents, text[begin:], separator)
	return documents, !slices.Contains(documents, nil)
}

// appendPart reads one document, which is nil if it cannot be read, and leaves out one without
// content and comments. A comment behind the "---" above it is the first of its own.
func appendPart(documents []*document, text, separator string) []*document {
	d := &document{}
	if i := strings.IndexByte(separator, '#'); i >= 0 {
		d.head = append(d.head, comment{text: separator[i:]})
	}
	r := &reader{text: text, line: 1}
	head, blank := r.gap()
	d.head, d.blank = append(d.head, head...), blank
	parts, _ := tree.Split([]byte(text))
	if len(parts) == 0 && len(d.head) == 0 {
		return documents
	}
	for _, part := range parts { // there is one at most
		var faults []*tree.Fault
		if d.node, faults = tree.Read(part); len(faults) > 0 {
			return append(documents, nil)
		}
		d.root = &entry{column: -1}
		r.block(d.root, d.node, nil, false)
		r.end(d)
	}
	return append(documents, d)
}

// gap goes to the next content and returns the comments on the way, and whether a blank line stands
// behind the last of them.
func (r *reader) gap() (comments []comment, blank bool) {
	last := r.line
	for ; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case ' ':
		case '\n':
			r.line, r.start = r.line+1, r.at+1
		case '#':
			text, _, _ := strings.Cut(r.text[r.at:], "\n")
			comments = append(comments, comment{
				text: strings.TrimRight(text, " "), line: r.line, column: r.column(),
				beside: strings.TrimLeft(r.text[r.start:r.at], " ") != "", blank: r.line > last+1,
			})
			last = r.line
			r.at += len(text) - 1
		default:
			return comments, r.line > last+1
		}
	}
	return comments, false
}

func (r *reader) column() int { return r.at - r.start }

// block reads the value of e, at whose first byte the reader stands: a mapping or list in lines, or
// the brackets that make up a whole document. The comments before it are those of its first entry.
func (r *reader) block(e *entry, n *tree.Node, head []comment, blank bool) {
	if r.bracket() {
		r.inline(e, n)
		return
	}
	e.value.kind = n.Kind
	step := 1
	if n.Kind == tree.Mapping {
		step = 2
	}
	for i := 0; i < len(n.Items); i += step {
		next := &entry{around: e, column: int(n.Column) - 1}
		if i > 0 {
			head, blank = r.gap()
			head = r.place(head, next, blank)
		}
		next.head, next.blank = head, blank
		e.value.entries = append(e.value.entries, next)
		r.entry(next, n.Items[i:i+step])
	}
}

// entry reads a key, or a dash, and what follows it.
func (r *reader) entry(e *entry, nodes []tree.Node) {
	if len(nodes) == 2 {
		key := r.scalar(&nodes[0])
		e.key = &key
	}
	r.at++ // over the colon or the dash
	r.last = e
	n := &nodes[len(nodes)-1]
	if n.Kind == tree.Nothing {
		return
	}
	comments, blank := r.gap()
	if n.Kind != tree.Scalar && !r.bracket() {
		if e.key != nil {
			e.beside, comments = takeBeside(comments, r.column())
		}
		r.block(e, n, comments, blank)
		return
	}
	e.inner = comments
	r.inline(e, n)
}

// inline reads a scalar, or what stands in brackets.
func (r *reader) inline(e *entry, n *tree.Node) {
	switch {
	case n.Kind != tree.Scalar:
		r.flow(e, n)
	case n.Quoted && strings.IndexByte("|>", r.text[r.at]) >= 0:
		r.lines(e, n)
	default:
		e.value = r.scalar(n)
	}
	r.last = e
}

func (r *reader) bracket() bool { return strings.IndexByte("[{", r.text[r.at]) >= 0 }
