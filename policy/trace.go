package policy

import (
	"slices"
	"strings"
	"time"
)

// A Trace is one decision beside all that led to it, for a person who asks why. Set.Trace makes
// it with the code that decides.
type Trace struct {
	Decision   Decision
	Providers  []string // whose credentials the rules read, sorted
	Guardrails []GuardrailTrace
	Routes     []RouteTrace // the chosen one first; then those that lost, the nearest first
	Omitted    int          // routes that lost and are not among Routes
	Rules      []RuleTrace  // one for each of Decision.Rules, in their order
	Ambiguous  []string     // headers that the rules read and that Envoy may have joined
	Onboarding []OnboardingTrace
}

// A GuardrailTrace is one guardrail of the workload.
type GuardrailTrace struct {
	Rule *Rule
	Area string // the requests that it matches
	Why  string // it does not apply to this request; "" when it does
}

// Applies says that the guardrail holds for the request.
func (g GuardrailTrace) Applies() bool { return g.Why == "" }

// An OnboardingTrace is one onboarding of the workload.
type OnboardingTrace struct {
	At    Position
	Until time.Time
	Holds bool // for this request: it has not ended, and is not CONNECT
}

// Trace decides as Decide does, and says of everything that could have had a part in it what
// became of it. The Credential of the request is that which Decide wants.
func (s *Set) Trace(q *Request) Trace {
	m := s.Match(q)
	t := Trace{Decision: m.Decide(q), Providers: m.providers}
	if m.set == nil {
		return t
	}
	for i := range s.guards {
		g := &s.guards[i]
		t.Guardrails = append(t.Guardrails, GuardrailTrace{g.rule, g.at.text(), g.misses(q)})
	}
	t.Routes, t.Omitted = s.traceRoutes(q, m.route)
	for _, e := range t.Decision.Rules {
		r := e.Trace(q)
		r.Observe(q)
		t.Rules = append(t.Rules, r)
	}
	for i, name := range m.headers {
		if (Match{needs: needs{headers: m.headers[i : i+1]}}).ambiguous(q.Headers) {
			t.Ambiguous = append(t.Ambiguous, name)
		}
	}
	for i, o := range s.onboarding {
		_, holds := (&Set{onboarding: s.onboarding[i : i+1]}).onboards(q)
		t.Onboarding = append(t.Onboarding, OnboardingTrace{o.at, o.until, holds})
	}
	return t
}

// Route returns a route by the name of its first policy and its own, as a record names it, and
// the rules that a request to it may be held to: those of every guardrail of the workload, the
// denies that hold everywhere, and its own. It is false when there is no such route.
func (s *Set) Route(policy, name string) (RouteTrace, []*Rule, bool) {
	if s == nil {
		return RouteTrace{}, nil, false
	}
	for _, r := range s.routes {
		if r.policy == policy && r.name == name {
			return r.trace(), slices.Concat(s.everywhere(), r.deny, r.allow), true
		}
	}
	return RouteTrace{}, s.everywhere(), false
}

// everywhere returns the rules that may hold for a request whatever its route.
func (s *Set) everywhere() []*Rule {
	var all []*Rule
	for i := range s.guards {
		all = append(all, s.guards[i].rule)
	}
	return append(all, s.deny...)
}

// misses says why the guardrail does not apply, "" when it does.
func (g *guardrail) misses(q *Request) string {
	if g.applies(q) {
		return ""
	}
	if why := g.at.misses(q); why != "" {
		return why
	}
	for _, e := range g.except {
		if e.at.has(q) {
			return "taken out by its except for " + e.at.text()
		}
	}
	return "it does not match"
}

// misses says why a request is not in the area, "" when it is.
func (a *area) misses(q *Request) string {
	segments := q.Path.segments
	switch {
	case a.has(q):
		return ""
	case len(a.hosts) > 0 && !slices.Contains(a.hosts, q.Host.name):
		return "another host"
	case a.template != nil && !a.template.Match(segments):
		return "another path"
	case a.service == "":
		return "another method"
	case segments[0] != a.service:
		return "another service"
	case len(a.methods) > 0 && (len(segments) != 2 || !slices.Contains(a.methods, segments[1])):
		return "another method of the service"
	default:
		return "no gRPC call"
	}
}

// text says which requests are in the area.
func (a *area) text() string {
	var parts []string
	switch {
	case a.isEverything():
		return "every request"
	case a.service != "":
		parts = append(parts, "grpc", a.service)
		if len(a.methods) > 0 {
			parts[1] += "/" + strings.Join(a.methods, ",")
		}
	default:
		parts = append(parts, "http")
		if len(a.methods) > 0 {
			parts = append(parts, strings.Join(a.methods, ","))
		}
		if a.template != nil {
			parts = append(parts, a.template.String())
		}
	}
	if len(a.hosts) > 0 {
		parts = append(parts, "on "+strings.Join(a.hosts, ","))
	}
	return strings.Join(parts, " ")
}
