package template

import (
	"slices"
	"strings"
)

// A Template is a checked path template. The zero Template matches nothing. It is immutable.
type Template struct {
	text     string
	segments []Segment
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

// Segments returns the template's segments, a copy. "/" has one, which is empty.
func (t Template) Segments() []Segment { return slices.Clone(t.segments) }

// Match says whether the template matches a path, given as its decoded segments: "/" is one
// empty segment, "/a/" is "a" and "". No segment but the last is empty in a canonical path.
func (t Template) Match(path []string) bool {
	if len(t.segments) == 0 || len(path) < len(t.segments) {
		return false
	}
	for i, s := range t.segments {
		if s.Rest {
			return !slices.Contains(path[i:len(path)-1], "")
		}
		if !s.matches(path[i]) {
			return false
		}
	}
	return len(path) == len(t.segments)
}

// Within says whether o matches every path that t matches.
func (t Template) Within(o Template) bool {
	for i, want := range o.segments {
		if i == len(t.segments) {
			return false
		}
		have := t.segments[i]
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
	return len(t.segments) == len(o.segments)
}

// Shape returns the template without the names of its variables: two of one shape match alike.
func (t Template) Shape() string {
	var b strings.Builder
	for _, s := range t.segments {
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
	n := len(t.segments)
	if n < 2 || !t.segments[n-1].Rest {
		return Template{}, false
	}
	return Template{t.text[:strings.LastIndexByte(t.text, '/')], t.segments[: n-1 : n-1]}, true
}

// Overlaps says whether some path matches both templates.
func (t Template) Overlaps(o Template) bool {
	for i := 0; i < len(t.segments) && i < len(o.segments); i++ {
		a, b := t.segments[i], o.segments[i]
		if a.Rest || b.Rest { // which takes whatever the other has from here on
			return true
		}
		if !a.meets(b) {
			return false
		}
	}
	return len(t.segments) == len(o.segments) && len(t.segments) > 0
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
