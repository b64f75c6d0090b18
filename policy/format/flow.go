package format

import (
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/policy/syntax/tree"
)

// flow reads what stands in brackets.
func (r *reader) flow(e *entry, n *tree.Node) {
	e.value.kind, e.value.flow = n.Kind, true
	r.at++
	comments, _ := r.gap()
	if len(n.Items) == 0 {
		e.inner = append(e.inner, comments...)
		r.at++
		return
	}
	e.beside, comments = takeBeside(comments, r.column())
	for items := n.Items; len(items) > 0; {
		next := &entry{around: e, column: r.column(), head: comments}
		e.value.entries = append(e.value.entries, next)
		if n.Kind == tree.Mapping {
			r.flowKey(next, &items[0])
			items = items[1:]
		}
		if items[0].Kind != tree.Nothing {
			r.inline(next, &items[0])
		}
		items = items[1:]
		comments = r.comma()
		next.after, comments = takeBeside(comments, r.column())
		if len(items) == 0 {
			next.foot = comments
		}
	}
	r.at++
}

// flowKey reads a key, its colon, and up to the value.
func (r *reader) flowKey(e *entry, n *tree.Node) {
	key := r.scalar(n)
	e.key = &key
	for r.text[r.at] == ' ' {
		r.at++
	}
	r.at++
	e.inner, _ = r.gap()
}

// comma goes over the comma behind an item, if there is one, and returns the comments around it.
func (r *reader) comma() []comment {
	comments, _ := r.gap()
	if r.text[r.at] == ',' {
		r.at++
		more, _ := r.gap()
		comments = append(comments, more...)
	}
	return comments
}

// flowText writes a value on one line, with brackets around lists and mappings. It is false when
// that has more than Width characters.
func (v *value) flowText() (string, bool) {
	var b strings.Builder
	v.writeFlow(&b)
	return b.String(), width(b.String()) <= Width
}

// writeFlow stops when what it writes has certainly become too long.
func (v *value) writeFlow(b *strings.Builder) {
	switch v.kind {
	case tree.Nothing:
	case tree.Scalar:
		b.WriteString(v.spell(true))
	case tree.List:
		v.writeEntries(b, "[", "]")
	case tree.Mapping:
		v.writeEntries(b, "{", "}")
	}
}

func (v *value) writeEntries(b *strings.Builder, open, closing string) {
	b.WriteString(open)
	for i, e := range v.entries {
		if b.Len() > Width*utf8.UTFMax {
			return
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if e.key != nil {
			b.WriteString(spellKey(e.key, true) + ": ")
		}
		e.value.writeFlow(b)
	}
	b.WriteString(closing)
}
