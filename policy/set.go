package policy

import (
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A Set is every policy of one workload, compiled. It is immutable. A nil or zero Set denies
// every request.
type Set struct {
	workload  string
	policies  []string // namespace/name, sorted
	http      node
	grpc      node
	services  map[string]bool // every gRPC service that a route names
	deny      []*Rule         // hold on every route
	routes    []*route
	rules     int
	providers []identity.Provider
}

// A route is one place a request can go, with the rules of every policy that names it.
type route struct {
	policy    string // namespace/name of the first policy that names it
	name      string
	deny      []*Rule
	allow     []*Rule
	providers []string // whose credentials the rules read, those of Set.deny included; sorted
	headers   []string // that the rules read, those of Set.deny included; sorted

	at      Position // of the first policy's route
	match   *match
	sources []string // namespace/name of every policy that names it
}

// Workload returns the SPIFFE ID that the set protects.
func (s *Set) Workload() string { return s.workload }

// Policies returns namespace/name of every policy that protects the workload, sorted.
func (s *Set) Policies() []string { return s.policies }

// Providers returns the configuration of every IdentityProvider, sorted by name.
func (s *Set) Providers() []identity.Provider { return s.providers }

// Size returns the number of routes and of rules.
func (s *Set) Size() (routes, rules int) { return len(s.routes), s.rules }

// EachRoute yields the policy and name of every route, for metrics and listings.
func (s *Set) EachRoute(yield func(policy, route string) bool) {
	for _, r := range s.routes {
		if !yield(r.policy, r.name) {
			return
		}
	}
}

// EachReader yields the position of every route whose rules read credentials, and the names of
// the providers whose credentials those are.
func (s *Set) EachReader(yield func(at Position, providers []string) bool) {
	for _, r := range s.routes {
		if len(r.providers) > 0 && !yield(r.at, r.providers) {
			return
		}
	}
}

// Match chooses the one route that a request goes to. The path chooses first, the narrowest
// template that matches it; then the host, where an exact one beats none; then the method and
// the upgrade. Nothing falls back. The paths of a gRPC service that any route names belong to
// gRPC calls alone.
func (s *Set) Match(q *Request) Match {
	segments := q.Path.segments
	switch {
	case s == nil || len(s.policies) == 0:
		return Match{why: reason.NoPolicy}
	case len(segments) == 0 || q.Method.name == "" || q.Host.name == "":
		return Match{why: reason.BadRequest}
	case q.Method.name == "CONNECT":
		return Match{why: reason.NoRoute}
	}
	found := (*leaf)(nil)
	switch {
	case !s.services[segments[0]]:
		found = s.http.find(segments)
	case q.isGRPC() && q.Path.query == "" && q.Path.isLiteral():
		found = s.grpc.find(segments)
	}
	if found == nil {
		return Match{why: reason.NoRoute}
	}
	r := found.choose(q.Host, q.Method, q.Upgrade)
	if r == nil {
		return Match{why: reason.NoRoute}
	}
	return Match{set: s, route: r}
}

// isLiteral says that the path was sent as two segments without a single escape, which is how
// gRPC servers look methods up.
func (p Path) isLiteral() bool {
	return len(p.segments) == 2 && len(p.raw) == len(p.segments[0])+len(p.segments[1])+2
}

// A Match is the route that one request goes to. The zero Match denies.
type Match struct {
	set   *Set
	route *route
	why   reason.Code // why there is no route
}

// Providers returns the names of the providers whose credentials the rules of this route
// read, sorted; none when they read none. Whoever calls must not modify it.
func (m Match) Providers() []string {
	if m.route == nil {
		return nil
	}
	return m.route.providers
}
