package syntax

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/postern/postern/policy/syntax/tree"
)

// maxText is the longest string of a document, in bytes.
const maxText = 4096

// A reader turns the nodes of one file into values, and gathers what is wrong. Its methods take
// nil for a field that is absent, and give the zero value for it and for what is wrong.
type reader struct {
	source string
	errors Errors
	known  map[string]string // one copy of each string, so that no value keeps the whole file
}

func (r *reader) failAt(line, column int, message string) {
	r.errors.Add(&Error{Position{Source: r.source, Line: line, Column: column}, message})
}

func (r *reader) fail(n *tree.Node, format string, args ...any) {
	r.failAt(int(n.Line), int(n.Column), fmt.Sprintf(format, args...))
}

func (r *reader) position(n *tree.Node) Position {
	return Position{Source: r.source, Line: int(n.Line), Column: int(n.Column)}
}

// keep returns a copy of s that shares memory with its other copies, not with the file.
func (r *reader) keep(s string) string {
	if kept, ok := r.known[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	r.known[s] = s
	return s
}

// A check says what is wrong with a string, and what to write instead.
type check func(string) error

// text reads a string, which is not empty.
func (r *reader) text(n *tree.Node, check check) Text { return r.string(n, checkText, check) }

// only is text where a list is written for several, which takes more than one field.
func (r *reader) only(n *tree.Node, check check, what, several string) Text {
	if n != nil && n.Kind == tree.List {
		r.fail(n, "expected %s, found a list: %s", what, several)
		return Text{}
	}
	return r.text(n, check)
}

// tokenText reads a string of a token, in which there can be characters that change the direction of text:
// only as an escape, which nobody takes for something else.
func (r *reader) tokenText(n *tree.Node) Text { return r.string(n, checkTokenText, nil) }

// string reads what holds nothing that no string of its sort may hold.
func (r *reader) string(n *tree.Node, sort, check check) Text {
	if n == nil || !r.isString(n) {
		return Text{}
	}
	err := sort(n.Text)
	if err == nil && n.Text == "" {
		err = errors.New("this string must not be empty")
	}
	if err == nil && check != nil {
		err = check(n.Text)
	}
	if err != nil {
		r.fail(n, "%v", err)
		return Text{}
	}
	return Text{r.keep(n.Text), r.position(n)}
}

// checkText refuses what no string may hold; it can come from an escape.
func checkText(s string) error {
	for _, c := range s {
		if unicode.Is(unicode.Bidi_Control, c) {
			return fmt.Errorf("a control character (%U) in a string", c)
		}
	}
	return checkTokenText(s)
}

// checkTokenText refuses what no string of an accepted token holds.
func checkTokenText(s string) error {
	if len(s) > maxText {
		return fmt.Errorf("this string has %d bytes: at most %d are read", len(s), maxText)
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return fmt.Errorf("a control character (%U) in a string", c)
		}
	}
	return nil
}

// isString reports what is not one. A plain scalar must not read as anything else, to no version
// of YAML.
func (r *reader) isString(n *tree.Node) bool {
	if n.Kind != tree.Scalar {
		r.fail(n, "expected a string, found %s", found(n))
		return false
	}
	if n.Quoted {
		return true
	}
	switch tree.TypeOf(n.Text) {
	case tree.String:
		return true
	case tree.Null:
		r.fail(n, "expected a string, found nothing: YAML reads %s as nothing", n.Text)
	default:
		r.fail(n, "expected a string, found %s: put it in quotes, %q", found(n), n.Text)
	}
	return false
}

// texts reads a list of strings: at least one, and none twice.
func (r *reader) texts(n *tree.Node, check check) []Text {
	return r.strings(n, func(item *tree.Node) Text { return r.text(item, check) })
}

// tokenTexts reads a list of strings of tokens: at least one, and none twice.
func (r *reader) tokenTexts(n *tree.Node) []Text { return r.strings(n, r.tokenText) }

func (r *reader) strings(n *tree.Node, read func(*tree.Node) Text) []Text {
	if n != nil && n.Kind == tree.Scalar && n.Text != "" {
		r.fail(n, "expected a list, found %s: write [%s]", found(n), shorten(n.Text))
		return nil
	}
	items := r.items(n)
	if n != nil && n.Kind == tree.List && len(items) == 0 {
		r.fail(n, "expected at least one string in this list")
	}
	all := make([]Text, 0, len(items))
	seen := newSeen(len(items))
	for i := range items {
		t := read(&items[i])
		if line := seen.add(t); line > 0 {
			r.fail(&items[i], "%s stands here twice, first in line %d", quote(t.Value), line)
		}
		if t.Value != "" {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// items returns the items of a list.
func (r *reader) items(n *tree.Node) []tree.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind != tree.List:
		r.fail(n, "expected a list, found %s", found(n))
		return nil
	}
	return n.Items
}

// found says what a node is, for an error.
func found(n *tree.Node) string {
	switch {
	case n.Kind == tree.Nothing:
		return "nothing"
	case n.Kind == tree.List:
		return "a list"
	case n.Kind == tree.Mapping:
		return "a mapping"
	case n.Quoted:
		return "a string"
	}
	switch tree.TypeOf(n.Text) {
	case tree.Null:
		return "nothing"
	case tree.Boolean:
		return "a boolean"
	case tree.Number:
		return "a number"
	case tree.Date:
		return "a date"
	case tree.Special:
		return "a YAML key"
	default:
		return "a string"
	}
}
