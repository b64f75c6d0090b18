package template

import (
	"slices"
	"strings"
)

// A Template is a checked path template. The zero Template matches nothing. It is immutable.
type Template struct {
	text string
	ends []uint16 // where each segment ends in text; it begins behind the slash before it
}

// A Segment is one part of a template between slashes: a literal, which is empty only for a
// trailing slash, or a variable.
type Segment struct {
	Literal  string // decoded; "" for a variable and for a trailing slash
	Variable string // the variable's name; "" for a literal
	Rest     bool   // {name...}: the last segment, one or more of the path's
}

// String returns the template as it is written.
func (t Template) String() string { return t.text }

// Len returns the number of segments. "/" has one, which is empty.
func (t Template) Len() int { return len(t.ends) }

// Segment returns one segment. It is read from the text: a policy has tens of thousands of them.
func (t Template) Segment(i int) Segment {
	begin := 1
	if i > 0 {
		begin = int(t.ends[i-1]) + 1
	}
	part := t.text[begin:t.ends[i]]
	if part == "" || part[0] != '{' { // which no literal begins with
		return Segment{Literal: part}
	}
	name, rest := strings.CutSuffix(part[1:len(part)-1], "...")
	return Segment{Variable: name, Rest: rest}
}

// Segments returns the template's segments.
func (t Template) Segments() []Segment {
	if t.Len() == 0 {
		return nil
	}
	all := make([]Segment, t.Len())
	for i := range all {
		all[i] = t.Segment(i)
	}
	return all
}

// Match says whether the template matches a path, given as its decoded segments: "/" is one
// empty segment, "/a/" is "a" and "". No segment but the last is empty in a canonical path.
func (t Template) Match(path []string) bool {
	if t.Len() == 0 || len(path) < t.Len() {
		return false
	}
	for i := range t.Len() {
		s := t.Segment(i)
		if s.Rest {
			return !slices.Contains(path[i:len(path)-1], "")
		}
		if !s.matches(path[i]) {
			return false
		}
	}
	return len(path) == t.Len()
}

// Within says whether o matches every path that t matches.
func (t Template) Within(o Template) bool {
	for i := range o.Len() {
		if i == t.Len() {
			return false
		}
		have, want := t.Segment(i), o.Segment(i)
		switch {
		case want.Rest: // one segment or more, and t has one here
			return true
		case have.Rest:
			return false
		case want.Variable != "" && have.Variable == "" && have.Literal == "":
			return false // a variable is not empty
		case want.Variable == "" && (have.Variable != "" || have.Literal != want.Literal):
			return false
		}
	}
	return t.Len() == o.Len()
}

// Shape returns the template without the names of its variables: two of one shape match alike.
func (t Template) Shape() string {
	var b strings.Builder
	for i := range t.Len() {
		s := t.Segment(i)
		b.WriteByte('/')
		switch {
		case s.Rest:
			b.WriteString("{...}")
		case s.Variable != "":
			b.WriteString("{}")
		default:
			b.WriteString(s.Literal)
		}
	}
	return b.String()
}

// Trunk returns what a template that ends in a rest has before it, and false for any other and for
// one that has nothing before it: /{rest...} matches every path.
func (t Template) Trunk() (Template, bool) {
	n := t.Len()
	if n < 2 || !t.Segment(n-1).Rest {
		return Template{}, false
	}
	return Template{t.text[:t.ends[n-2]], t.ends[: n-1 : n-1]}, true
}

// Overlaps says whether some path matches both templates.
func (t Template) Overlaps(o Template) bool {
	for i := range min(t.Len(), o.Len()) {
		a, b := t.Segment(i), o.Segment(i)
		if a.Rest || b.Rest { // which takes whatever the other has from here on
			return true
		}
		if !a.meets(b) {
			return false
		}
	}
	return t.Len() == o.Len() && t.Len() > 0
}

// meets says whether some segment of a path matches both, of which none is a Rest.
func (s Segment) meets(o Segment) bool {
	if s.Variable != "" {
		return o.Variable != "" || o.Literal != ""
	}
	return o.matches(s.Literal)
}

// matches says whether a segment that is no Rest matches one segment of a path.
func (s Segment) matches(segment string) bool {
	if s.Variable != "" {
		return segment != ""
	}
	return s.Literal == segment
}
