package lint

import (
	"slices"

	"github.com/postern/postern/policy/template"
)

// An area is requests, by where they go. The zero area is every request.
type area struct {
	paths   []template.Template // any of them; none: any path
	methods []string            // of HTTP; none: any
	hosts   []string            // none: any
	service string              // of gRPC, for guardrails: whatever goes to its paths; "" for any
	calls   []string            // with service: its methods; none: any
	call    bool                // what is a gRPC call alone
}

// within says that every request of a, which is that of a route, is in b.
func (a *area) within(b *area) bool {
	switch {
	case !named(a.hosts, b.hosts), b.call && !a.call:
		return false
	case b.service != "":
		return len(a.paths) > 0 && !slices.ContainsFunc(a.paths, func(p template.Template) bool { return !b.serves(p) })
	}
	return named(a.methods, b.methods) &&
		(len(b.paths) == 0 || len(a.paths) > 0 && !slices.ContainsFunc(a.paths, func(p template.Template) bool { return !slices.ContainsFunc(b.paths, p.Within) }))
}

// serves says that every request for a path goes to the service, and to one of its methods that
// are named.
func (a *area) serves(p template.Template) bool {
	s := p.Segments()
	if s[0].Variable != "" || s[0].Literal != a.service {
		return false
	}
	return len(a.calls) == 0 || len(s) == 2 && s[1].Variable == "" && slices.Contains(a.calls, s[1].Literal)
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
		(len(a.paths) == 0 || len(b.paths) == 0 || slices.ContainsFunc(a.paths, func(p template.Template) bool { return slices.ContainsFunc(b.paths, p.Overlaps) }))
}

func (a *area) mayServe(p template.Template) bool {
	segments := p.Segments()
	first := segments[0]
	if first.Variable == "" && first.Literal != a.service {
		return false
	}
	if len(a.calls) == 0 || first.Rest || len(segments) < 2 {
		return len(a.calls) == 0 || first.Rest
	}
	second := segments[1]
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
