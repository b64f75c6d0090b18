package policy

import (
	"slices"
	"time"

	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// maxOnboarding is how long an onboarding may last, from the time of loading.
const maxOnboarding = 90 * 24 * time.Hour

// A guardrail is a rule that holds for every request that it matches. It is never modified.
type guardrail struct {
	workloads []pattern.Pattern
	at        area
	except    []except
	rule      *Rule
	reads     needs
}

// An except takes requests out of a guardrail.
type except struct {
	workloads []pattern.Pattern // none: any
	at        area
}

// An area is the requests that a guardrail or an except of one matches. The zero area is every
// request.
type area struct {
	template *template.Template // nil: any path
	service  string             // "": any
	methods  []string           // of HTTP, or of the service; none: any
	hosts    []string
	call     bool // only what is a gRPC call
}

// An onboarding lets requests through that nothing allows.
type onboarding struct {
	workloads []pattern.Pattern
	at        Position
	until     time.Time
}

// mesh compiles one MeshPolicy.
func (c *compiler) mesh(p *syntax.MeshPolicy) {
	for i := range p.Guardrails {
		c.guardrail(&p.Guardrails[i])
	}
	for _, o := range p.Onboarding {
		if latest := c.now.Add(maxOnboarding); o.Until.After(latest) {
			c.fault(o.Position, "an onboarding lasts 90 days at most: until %s or earlier", latest.UTC().Format(time.RFC3339))
		}
		c.catalog.onboarding = append(c.catalog.onboarding, onboarding{c.patterns(o.Workloads), o.Position, o.Until})
	}
}

func (c *compiler) guardrail(from *syntax.Guardrail) {
	s := scope{compiler: c}
	g := guardrail{workloads: c.patterns(from.Workloads), at: c.area(from.HTTP, from.GRPC)}
	if g.at.template != nil {
		s.params = condition.ParamsOf(*g.at.template)
	}
	switch {
	case (from.Deny == nil) == (from.Require == nil), len(from.Workloads) == 0:
		c.unparsed(from.Position)
		return
	case from.Deny != nil:
		g.rule = s.rule(from.Deny, Deny)
	default:
		g.rule = s.rule(from.Require, Require)
	}
	g.rule.at, g.rule.name, g.rule.guard = c.place(from.Position), from.Name.Value, true
	for i := range from.Except {
		e := &from.Except[i]
		out := except{c.patterns(e.Workloads), c.area(e.HTTP, e.GRPC)}
		out.at.call = e.GRPC != nil
		if len(e.Workloads) == 0 && out.at.isEverything() {
			c.unparsed(e.Position)
		}
		g.except = append(g.except, out)
	}
	c.catalog.guards = append(c.catalog.guards, g)
}

func (c *compiler) area(http *syntax.GuardHTTP, grpc *syntax.GuardGRPC) area {
	switch {
	case http != nil:
		a := area{methods: sorted(http.Methods, same), hosts: c.hosts(http.Hosts)}
		if http.Path.Value != "" {
			t, err := template.Parse(http.Path.Value)
			if err != nil {
				c.fault(http.Path.Position, "%v", err)
			}
			a.template = &t
		}
		return a
	case grpc != nil:
		if grpc.Service.Value == "" {
			c.unparsed(grpc.Position)
		}
		return area{service: grpc.Service.Value, methods: sorted(grpc.Methods, same), hosts: c.hosts(grpc.Hosts)}
	}
	return area{}
}

func (c *compiler) hosts(texts []syntax.Text) []string {
	var all []string
	for _, t := range texts {
		h, err := ParseHost(t.Value)
		if err != nil {
			c.unparsed(t.Position)
		}
		all = append(all, h.String())
	}
	return all
}

// of returns the guardrail as it holds for one workload, and false when it does not.
func (g *guardrail) of(workload string) (guardrail, bool) {
	if !anyMatches(g.workloads, workload) {
		return guardrail{}, false
	}
	mine := *g
	mine.except = nil
	for _, e := range g.except {
		if len(e.workloads) > 0 && !anyMatches(e.workloads, workload) {
			continue
		}
		if e.at.isEverything() {
			return guardrail{}, false
		}
		mine.except = append(mine.except, e)
	}
	return mine, true
}

func (a *area) isEverything() bool {
	return a.template == nil && a.service == "" && len(a.methods) == 0 && len(a.hosts) == 0
}

// applies says that the guardrail holds for the request.
func (g *guardrail) applies(q *Request) bool {
	return g.at.has(q) && !slices.ContainsFunc(g.except, func(e except) bool { return e.at.has(q) })
}

// has says that the request is in the area. A guardrail must not be evaded by asking for its
// path in another way, so that of a service has whatever is sent to its paths.
func (a *area) has(q *Request) bool {
	segments := q.Path.segments
	switch {
	case len(a.hosts) > 0 && !slices.Contains(a.hosts, q.Host.name):
		return false
	case a.service == "":
		return (len(a.methods) == 0 || slices.Contains(a.methods, q.Method.name)) && (a.template == nil || a.template.Match(segments))
	case segments[0] != a.service:
		return false
	case len(a.methods) > 0 && (len(segments) != 2 || !slices.Contains(a.methods, segments[1])):
		return false
	}
	return !a.call || q.isCall()
}

// overlaps says that some request may be in the area and match; it may say so where none is.
func (a *area) overlaps(m *match) bool {
	disjoint := func(x, y []string) bool {
		return len(x) > 0 && len(y) > 0 && !slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
	}
	if disjoint(a.hosts, m.hosts) || a.service == "" && !slices.Contains(m.methods, anyMethod) && disjoint(a.methods, m.methods) {
		return false
	}
	return a.template == nil || slices.ContainsFunc(m.templates, a.template.Overlaps)
}

// onboards returns the position of an onboarding that lets the request through.
func (s *Set) onboards(q *Request) (Position, bool) {
	for _, o := range s.onboarding {
		if q.Time.Before(o.until) && q.Method.name != "CONNECT" {
			return o.at, true
		}
	}
	return Position{}, false
}
