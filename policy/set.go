package policy

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A Set is every policy of one workload, compiled. It is immutable. A nil or zero Set denies
// every request.
type Set struct {
	workload   string
	upstream   Upstream
	policies   []string // namespace/name, sorted
	http       node
	grpc       node
	services   map[string]bool // every gRPC service that a route names
	deny       []*Rule         // hold for every request
	base       needs           // of those
	guards     []guardrail
	onboarding []onboarding
	routes     []*route
	rules      int
	providers  []identity.Provider
}

// A route is one place a request can go, with the rules of every policy that names it. Sets share it.
type route struct {
	policy string // namespace/name of the first policy that names it
	name   string
	deny   []*Rule
	allow  []*Rule
	reads  needs // of one that is in a set, those of Set.deny included

	at      place // of the first policy's route
	match   match
	sources []string // namespace/name of every policy that names it, nil for one
}

// policies returns namespace/name of every policy that names the route.
func (r *route) policies() []string {
	if r.sources == nil {
		return []string{r.policy}
	}
	return r.sources
}

// Workload returns the SPIFFE ID that the set protects.
func (s *Set) Workload() string { return s.workload }

// Policies returns namespace/name of every policy that protects the workload, sorted.
func (s *Set) Policies() []string { return s.policies }

// Providers returns the configuration of every IdentityProvider, sorted by name.
func (s *Set) Providers() []identity.Provider { return s.providers }

// Size returns the number of routes and of rules.
func (s *Set) Size() (routes, rules int) { return len(s.routes), s.rules }

// Onboarding returns until when requests are let through that nothing allows, the zero time when
// none are.
func (s *Set) Onboarding() time.Time {
	var latest time.Time
	for _, o := range s.onboarding {
		if o.until.After(latest) {
			latest = o.until
		}
	}
	return latest
}

// EachRoute yields the policy and name of every route, for metrics and listings.
func (s *Set) EachRoute(yield func(policy, route string) bool) {
	for _, r := range s.routes {
		if !yield(r.policy, r.name) {
			return
		}
	}
}

// SameRoutes says that EachRoute yields the same for both.
func (s *Set) SameRoutes(o *Set) bool {
	return slices.EqualFunc(s.routes, o.routes, func(a, b *route) bool { return a == b || a.policy == b.policy && a.name == b.name })
}

// EachReader yields the position of every route or guardrail whose rules read credentials, and
// the names of the providers whose credentials one request to it may read.
func (s *Set) EachReader(yield func(at Position, providers []string) bool) {
	for _, r := range s.routes {
		n := r.reads
		for i := range s.guards {
			if g := &s.guards[i]; len(g.reads.providers) > 0 && g.at.overlaps(&r.match) {
				n = n.and(g.reads)
			}
		}
		if len(n.providers) > 0 && !yield(r.at.position(), n.providers) {
			return
		}
	}
	for i := range s.guards {
		g := &s.guards[i]
		if n := s.base.and(g.reads); len(g.reads.providers) > 0 && !yield(g.rule.Position(), n.providers) {
			return
		}
	}
}

// Match finds the rules that a request is held to: those of every guardrail that applies, the
// denies that hold everywhere, and those of the one route that the request goes to. The path
// chooses the route first, the narrowest template that matches it; then the host, where an
// exact one beats none; then the method and the upgrade. Nothing falls back. The paths of a gRPC
// service that any route names belong to gRPC calls alone.
func (s *Set) Match(q *Request) Match { return s.MatchIn(&Memory{}, q) }

// A Memory is room for what one decision needs, so that it takes no other: for 8 guardrails that
// apply, for 16 providers and 16 headers that they and the route read together, for 16 rules, for
// what their conditions see, and for the verdict of those in shadow.
type Memory struct {
	guards [8]*Rule
	reads  room
	rules  [16]Evaluation
	shadow Verdict
	input  input
}

// MatchIn is Match for a decision in this memory. Both are good until the memory is used again.
func (s *Set) MatchIn(memory *Memory, q *Request) Match {
	switch {
	case s == nil:
		return Match{why: reason.NoPolicy}
	case len(q.Path.segments) == 0 || q.Method.name == "" || q.Host.name == "":
		return Match{why: reason.BadRequest}
	}
	m := Match{set: s, route: s.choose(q), needs: s.base, memory: memory, guards: memory.guards[:0]}
	switch {
	case m.route != nil:
		m.needs = m.route.reads
	case len(s.policies) == 0:
		m.why = reason.NoPolicy
	default:
		m.why = reason.NoRoute
	}
	for i := range s.guards {
		if g := &s.guards[i]; g.applies(q) {
			m.guards = append(m.guards, g.rule)
			m.needs = m.needs.andIn(&memory.reads, g.reads)
		}
	}
	return m
}

// choose returns the route of a request, nil when there is none.
func (s *Set) choose(q *Request) *route {
	if q.Method.name == "CONNECT" {
		return nil
	}
	segments := q.Path.segments
	found := (*leaf)(nil)
	switch {
	case !s.services[segments[0]]:
		found = s.http.find(segments)
	case q.isCall():
		found = s.grpc.find(segments)
	}
	if found == nil {
		return nil
	}
	return found.choose(q.Host, q.Method, q.Upgrade)
}

// A Match is the rules that one request is held to. The zero Match denies.
type Match struct {
	set    *Set
	route  *route      // nil: none
	why    reason.Code // there is no route
	guards []*Rule
	memory *Memory
	needs
}

// Providers returns the names of the providers whose credentials the rules read, sorted; none
// when they read none. They are good as long as the Match is. Whoever calls must not modify them.
func (m Match) Providers() []string { return m.providers }
