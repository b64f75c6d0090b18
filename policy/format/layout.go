package format

import "github.com/postern/postern/policy/syntax/tree"

// A document is one document of a file, or comments alone between two "---".
type document struct {
	node *tree.Node // nil without content
	root *entry     // whose value is the document; it has no key, and stands in nothing

	head  []comment // above the first field
	blank bool      // a blank line stands below head
	foot  []comment // below the last
}

// An entry is a field of a mapping or an item of a list, and the comments that move with it.
type entry struct {
	around *entry // in whose value it stands
	column int    // of its key or dash, from 0
	key    *value // nil of an item
	value  value

	blank  bool      // a blank line stands before it, behind its head
	head   []comment // above it
	beside []string  // behind its first line, and on below that, in the same column
	foot   []comment // below its value

	// These are known before it is known where they go: see settle.
	inner []comment // between the key or dash and the value
	after []string  // behind the value
}

// A value is what an entry holds. In a mapping every entry has a key, in a list none.
type value struct {
	kind    tree.Kind
	text    string   // of a scalar: its value
	raw     string   // of a scalar: how it was spelled
	typed   bool     // of a scalar: it is plain, and no string
	header  string   // of a text below | or >: that sign, and the one for its end
	lines   []string // and its lines without their indent
	kept    bool     // and it ends in blank lines
	flow    bool     // it was written in brackets
	entries []*entry
}

// A comment is a line of its own, or the end of one.
type comment struct {
	text   string // from # on, without spaces at its end
	line   int    // from 1
	column int    // from 0
	beside bool   // something else stands on its line
	blank  bool   // a blank line stands before it
}

// lines returns texts as comments of lines of their own.
func lines(texts []string) []comment {
	var all []comment
	for _, text := range texts {
		all = append(all, comment{text: text})
	}
	return all
}

// texts returns what comments say.
func texts(comments []comment) []string {
	var all []string
	for _, c := range comments {
		all = append(all, c.text)
	}
	return all
}

// commented says whether a comment stands inside a value.
func (v *value) commented() bool {
	for _, e := range v.entries {
		if len(e.head)+len(e.beside)+len(e.foot) > 0 || e.value.commented() {
			return true
		}
	}
	return false
}

// above adds comments above an entry, next to it: a blank line before the entry is then before them.
func (e *entry) above(comments []comment) {
	for i, c := range comments {
		if i == 0 {
			c.blank, e.blank = e.blank, false
		}
		e.head = append(e.head, c)
	}
}

// settle gives the comments around a value that stands in one line their place, when all of them
// are known.
func (e *entry) settle() {
	switch {
	case len(e.inner) == 1 && e.inner[0].beside && e.beside == nil && e.after == nil:
		e.beside = texts(e.inner)
	default:
		e.above(e.inner)
	}
	for _, inside := range e.value.entries {
		inside.settle()
	}
	switch {
	case e.beside == nil:
		e.beside = e.after
	case e.after != nil: // there is one behind the opening bracket, and one behind the closing one
		last := e.value.entries[len(e.value.entries)-1]
		last.foot = append(last.foot, lines(e.after)...)
	}
	e.inner, e.after = nil, nil
}
