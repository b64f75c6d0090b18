package format

import (
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/policy/syntax/tree"
)

// Width is how many columns a line has at most that holds a list or mapping in brackets, its
// comment not counted.
const Width = 120

// indent is by how much the fields of a mapping are indented.
const indent = 2

// A writer gathers the lines of one document.
type writer struct {
	lines []line
	below int  // the column of the comment below an entry that was written last, else -1
	kept  bool // blank lines now would be a part of the text above
}

// A line is content, a comment behind it, or both. Both are empty in a blank line.
type line struct {
	text   string
	beside string
	goesOn bool // the comment goes on from the line before
}

func (d *document) write() []line {
	w := &writer{below: -1}
	for i, c := range d.head {
		w.comment(spaces(0), c, i == 0)
	}
	switch {
	case d.node == nil:
	case len(d.root.value.entries) == 0:
		w.blank(d.blank && len(d.head) > 0)
		text, _ := d.root.value.flowText()
		w.add(text, nil)
	default:
		w.blank(d.blank && len(d.head) > 0)
		w.entries(d.root.value.entries, 0, "")
	}
	for _, c := range d.foot {
		w.comment(spaces(0), c, false)
	}
	return w.lines
}

// entries writes the fields of a mapping or the items of a list. lead stands before the first of
// them: the dash of an item that they are in.
func (w *writer) entries(entries []*entry, column int, lead string) {
	for i, e := range entries {
		if lead == "" {
			lead = spaces(column)
		}
		e.lift(column)
		for j, c := range e.head {
			w.apart(column)
			w.comment(lead, c, i+j == 0)
			lead = spaces(column)
		}
		w.apart(column)
		w.blank(e.blank && i+len(e.head) > 0)
		w.entry(e, column, lead)
		for _, c := range e.foot {
			w.comment(spaces(column), c, false)
			w.below = column
		}
		lead = ""
	}
}

// entry writes one field or item, but for the comments above and below it.
func (w *writer) entry(e *entry, column int, lead string) {
	v := &e.value
	begin := lead + "-"
	if e.key != nil {
		begin = lead + spellKey(e.key, false) + ":"
	}
	flow, fits := v.flowBehind(begin)
	switch {
	case v.kind == tree.Nothing:
		w.add(begin, e.beside)
	case v.header != "":
		w.add(begin+" "+v.header, e.beside)
		w.text(v, column+indent)
	case v.kind == tree.Scalar:
		w.add(begin+" "+v.spell(false), e.beside)
	case fits:
		w.add(begin+" "+flow, e.beside)
	case e.key == nil:
		w.entries(v.entries, column+indent, begin+" ")
	default:
		w.add(begin, e.beside)
		if v.kind == tree.Mapping {
			column += indent
		}
		w.entries(v.entries, column, "")
	}
}

// lift puts the comment beside an item above it, if the item is written in lines and so begins
// with another entry, which the comment would be beside.
func (e *entry) lift(column int) {
	if e.key != nil || e.beside == nil || len(e.value.entries) == 0 {
		return
	}
	if _, fits := e.value.flowBehind(spaces(column) + "-"); fits {
		return
	}
	e.above(lines(e.beside))
	e.beside = nil
}

// flowBehind returns a value in brackets, and whether it is written so behind this.
func (v *value) flowBehind(begin string) (text string, fits bool) {
	if !v.flow {
		return "", false
	}
	text, fits = v.flowText()
	return text, len(v.entries) == 0 || fits && width(begin)+1+width(text) <= Width && !v.commented()
}

// text writes the lines of a text below | or >.
func (w *writer) text(v *value, column int) {
	for _, text := range v.lines {
		if text != "" {
			text = spaces(column) + text
		}
		w.lines = append(w.lines, line{text: text})
	}
	w.kept = v.kept
}

// comment writes a comment on a line of its own.
func (w *writer) comment(lead string, c comment, first bool) {
	w.blank(c.blank && !first)
	w.add(lead+c.text, nil)
}

// apart writes the blank line by which a comment belongs to what is above it, and not to what is
// written next in its column.
func (w *writer) apart(column int) { w.blank(w.below == column) }

// blank writes a blank line, unless one would say something else, or there is one.
func (w *writer) blank(wanted bool) {
	if wanted && !w.kept {
		w.lines = append(w.lines, line{})
		w.kept = true
	}
}

// add writes a line, and below it what its comment goes on with.
func (w *writer) add(text string, beside []string) {
	w.below, w.kept = -1, false
	if len(beside) == 0 {
		beside = []string{""}
	}
	w.lines = append(w.lines, line{text: text, beside: beside[0]})
	for _, more := range beside[1:] {
		w.lines = append(w.lines, line{beside: more, goesOn: true})
	}
}

func spaces(n int) string { return strings.Repeat(" ", n) }

func width(s string) int { return utf8.RuneCountInString(s) }
