package template

import (
	"slices"
	"strings"
)

// Overlap returns the template of exactly the paths that both a and b match, and false when
// there are none. The names of its variables come from one of the two alone.
func Overlap(a, b Template) (Template, bool) {
	if len(a.segments) == 0 || len(b.segments) == 0 {
		return Template{}, false
	}
	if a.open() && (!b.open() || len(a.segments) < len(b.segments)) {
		a, b = b, a
	}
	// What b's {rest...} spans, if it has one, is for a to say. Before that they go in step.
	head := len(b.segments)
	switch {
	case b.open() && len(a.segments) >= head:
		head--
	case len(a.segments) != head:
		return Template{}, false
	}
	segments := slices.Clone(a.segments)
	for i := range head {
		s, ok := intersect(a.segments[i], b.segments[i])
		if !ok {
			return Template{}, false
		}
		segments[i] = s
	}
	return fromSegments(segments), true
}

// Same says that a and b match the same paths: they differ in the names of variables at most.
func Same(a, b Template) bool {
	return slices.EqualFunc(a.segments, b.segments, func(x, y Segment) bool {
		return x.Literal == y.Literal && x.Rest == y.Rest && (x.Variable == "") == (y.Variable == "")
	})
}

// Narrower says that every path that a matches is matched by b, and not the other way round.
func Narrower(a, b Template) bool {
	both, ok := Overlap(a, b)
	return ok && Same(both, a) && !Same(a, b)
}

// open says that the template ends in {rest...}.
func (t Template) open() bool { return t.segments[len(t.segments)-1].Rest }

// intersect returns the segment that matches what both match; neither is a Rest.
func intersect(a, b Segment) (Segment, bool) {
	switch {
	case a.Variable != "" && b.Variable != "":
		return a, true
	case a.Variable != "":
		return b, b.Literal != ""
	case b.Variable != "":
		return a, a.Literal != ""
	}
	return a, a.Literal == b.Literal
}

func fromSegments(segments []Segment) Template {
	var text strings.Builder
	for _, s := range segments {
		text.WriteByte('/')
		switch {
		case s.Rest:
			text.WriteString("{" + s.Variable + "...}")
		case s.Variable != "":
			text.WriteString("{" + s.Variable + "}")
		default:
			text.WriteString(s.Literal)
		}
	}
	return Template{text: text.String(), segments: segments}
}
