package lint

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/template"
)

// A path is a template, in parts.
type path struct {
	text     string
	segments []template.Segment
}

func newPath(text string) (path, bool) {
	t, err := template.Parse(text)
	return path{text, t.Segments()}, err == nil
}

// within says that b matches whatever p matches.
func (p path) within(b path) bool {
	for i, want := range b.segments {
		if i == len(p.segments) {
			return false
		}
		have := p.segments[i]
		switch {
		case want.Rest: // one segment or more, and p has one here
			return true
		case have.Rest:
			return false
		case want.Variable != "" && have.Variable == "" && have.Literal == "":
			return false // a variable is not empty
		case want.Variable == "" && (have.Variable != "" || have.Literal != want.Literal):
			return false
		}
	}
	return len(p.segments) == len(b.segments)
}

// meets says that some path matches both.
func (p path) meets(b path) bool {
	for i := range min(len(p.segments), len(b.segments)) {
		x, y := p.segments[i], b.segments[i]
		switch {
		case x.Rest || y.Rest:
			return true
		case x.Variable != "" && y.Variable != "":
		case x.Variable != "" && y.Literal == "", y.Variable != "" && x.Literal == "":
			return false
		case x.Variable == "" && y.Variable == "" && x.Literal != y.Literal:
			return false
		}
	}
	return len(p.segments) == len(b.segments)
}

// shape writes a path without the names of its variables, which match alike.
func (p path) shape() string {
	var b strings.Builder
	for _, s := range p.segments {
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

// trunk returns what a path that ends in a rest has before it, and false for any other and for one
// that has nothing before it: /{rest...} matches every path.
func (p path) trunk() (path, bool) {
	n := len(p.segments)
	if n < 2 || !p.segments[n-1].Rest {
		return path{}, false
	}
	return path{p.text[:strings.LastIndexByte(p.text, '/')], p.segments[:n-1]}, true
}

// An area is requests, by where they go. The zero area is every request.
type area struct {
	paths   []path   // any of them; none: any path
	methods []string // of HTTP; none: any
	hosts   []string // none: any
	service string   // of gRPC, for guardrails: whatever goes to its paths; "" for any
	calls   []string // with service: its methods; none: any
	call    bool     // what is a gRPC call alone
}

// within says that every request of a, which is that of a route, is in b.
func (a *area) within(b *area) bool {
	switch {
	case !named(a.hosts, b.hosts), b.call && !a.call:
		return false
	case b.service != "":
		return len(a.paths) > 0 && !slices.ContainsFunc(a.paths, func(p path) bool { return !b.serves(p) })
	}
	return named(a.methods, b.methods) &&
		(len(b.paths) == 0 || len(a.paths) > 0 && !slices.ContainsFunc(a.paths, func(p path) bool { return !slices.ContainsFunc(b.paths, p.within) }))
}

// serves says that every request for a path goes to the service, and to one of its methods that
// are named.
func (a *area) serves(p path) bool {
	if s := p.segments; s[0].Variable != "" || s[0].Literal != a.service {
		return false
	}
	return len(a.calls) == 0 || len(p.segments) == 2 && p.segments[1].Variable == "" && slices.Contains(a.calls, p.segments[1].Literal)
}

// meets says that a request of a, which is that of a route, may be in b.
func (a *area) meets(b *area) bool {
	if apart(a.hosts, b.hosts) {
		return false
	}
	if b.service != "" {
		return len(a.paths) == 0 || slices.ContainsFunc(a.paths, b.mayServe)
	}
	return !apart(a.methods, b.methods) &&
		(len(a.paths) == 0 || len(b.paths) == 0 || slices.ContainsFunc(a.paths, func(p path) bool { return slices.ContainsFunc(b.paths, p.meets) }))
}

func (a *area) mayServe(p path) bool {
	first := p.segments[0]
	if first.Variable == "" && first.Literal != a.service {
		return false
	}
	if len(a.calls) == 0 || first.Rest || len(p.segments) < 2 {
		return len(a.calls) == 0 || first.Rest
	}
	second := p.segments[1]
	return second.Variable != "" || slices.Contains(a.calls, second.Literal)
}

// named says that every name of have is one of want, of which none means any.
func named(have, want []string) bool {
	return len(want) == 0 || len(have) > 0 && !slices.ContainsFunc(have, func(s string) bool { return !slices.Contains(want, s) })
}

// apart says that two lists of names, of which none means any, have none in common.
func apart(a, b []string) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
