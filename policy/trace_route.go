package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/template"
)

// maxNear bounds the routes of which a Trace tells though their path is another.
const maxNear = 5

// maxRoutes bounds the routes of a Trace.
const maxRoutes = 20

// A RouteTrace is one route, and why it was chosen or not.
type RouteTrace struct {
	Policy   string   // namespace/name of the first policy that names it
	Policies []string // of every policy whose rules it has
	Name     string
	At       Position
	GRPC     bool
	Paths    []string // templates; of gRPC one for each method
	Methods  []string // of HTTP
	Hosts    []string // none: any
	Upgrades []string // none: without an upgrade
	Params   []Param  // what the variables of the path stand for, where the path matches
	Lost     Loss
	Why      string // in words; "" when it was chosen
}

// A Param is a variable of a route's path, and its value.
type Param struct {
	Name  string
	Value string // of {name...} the segments with slashes between them
}

// A Loss is why a request does not go to a route, though it comes close. The zero Loss is that
// it does.
type Loss uint8

// Why a route was not chosen.
const (
	Chosen        Loss = iota
	LostPath           // the path is another, but nearly the same
	LostToNarrow       // a narrower path matches
	LostHost           // the host is another
	LostToHost         // the host is named by another route of this path
	LostMethod         // the method is another
	LostUpgrade        // an upgrade is asked for and not offered, or the other way round
	LostNoCall         // the route is for gRPC, and the request is no gRPC call
	LostToService      // the path is of a gRPC service, which no route of HTTP matches
	LostConnect        // CONNECT goes nowhere
)

// trace describes a route by itself.
func (r *route) trace() RouteTrace {
	m := r.match
	t := RouteTrace{
		Policy: r.policy, Policies: r.policies(), Name: r.name, At: r.at.position(), GRPC: m.grpc, Hosts: m.hosts, Upgrades: m.upgrades,
	}
	for _, path := range m.templates {
		t.Paths = append(t.Paths, path.String())
	}
	if !m.grpc {
		t.Methods = m.methods
	}
	return t
}

// String says which requests the route matches, as the policy does.
func (t RouteTrace) String() string {
	text := strings.Join(t.Paths, ", ")
	if !t.GRPC {
		text = strings.Join(t.Methods, ",") + " " + text
	} else {
		text = "grpc " + text
	}
	if len(t.Hosts) > 0 {
		text += " on " + strings.Join(t.Hosts, ",")
	}
	if len(t.Upgrades) > 0 {
		text += " upgrade " + strings.Join(t.Upgrades, ",")
	}
	return text
}

// A lostRoute is a route of a Trace, and how far the request is from it.
type lostRoute struct {
	RouteTrace
	distance int
}

// The distances of routes. Those beyond wider do not match the path.
const (
	goes     = iota // the request goes there
	narrow          // the path was chosen
	wider           // the path matches, and a narrower one was chosen
	spelling        // the path differs in what the eye passes over
	typing          // in a few letters
	segment         // in one segment
	length          // by one segment more, or less
)

// traceRoutes returns the chosen route and those that lost, of which it leaves out the farthest.
// Routes of another path are of interest only where no path matches.
func (s *Set) traceRoutes(q *Request, chosen *route) (all []RouteTrace, omitted int) {
	var found []lostRoute
	for _, r := range s.routes {
		if t, ok := s.traceRoute(q, r, r == chosen); ok {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b lostRoute) int { return cmp.Compare(a.distance, b.distance) })
	if others := slices.IndexFunc(found, func(t lostRoute) bool { return t.distance > wider }); others > 0 {
		found = found[:others]
	} else if others == 0 {
		found = found[:min(len(found), maxNear)]
	}
	for _, t := range found[:min(len(found), maxRoutes)] {
		all = append(all, t.RouteTrace)
	}
	return all, len(found) - len(all)
}

// traceRoute says why the request goes to a route, or comes close. It is false when it does not.
func (s *Set) traceRoute(q *Request, r *route, chosen bool) (lostRoute, bool) {
	t := lostRoute{r.trace(), length + 1}
	segments := q.Path.segments
	for _, at := range r.match.templates {
		if at.Match(segments) {
			t.Params = paramValues(at, segments)
			t.Lost, t.Why, t.distance = s.loss(q, &r.match, at)
			break
		}
		if d, why := nearly(at, segments); d < t.distance {
			t.Lost, t.Why, t.distance = LostPath, why, d
		}
	}
	if chosen {
		t.Lost, t.Why, t.distance = Chosen, "", goes
	}
	return t, t.distance <= length
}

// loss says why the request does not go to a route with this match, though its path at matches.
func (s *Set) loss(q *Request, m *match, at template.Template) (Loss, string, int) {
	segments := q.Path.segments
	root := &s.http
	if m.grpc {
		root = &s.grpc
	}
	narrowest := root.find(segments)
	switch {
	case q.Method.name == "CONNECT":
		return LostConnect, "CONNECT is never granted", narrow
	case m.grpc && !q.isCall():
		return LostNoCall, noCall(q), narrow
	case !m.grpc && s.services[segments[0]]:
		return LostToService, fmt.Sprintf("the paths of the gRPC service %s belong to its gRPC routes", segments[0]), wider
	case narrowest != root.leaf(at):
		return LostToNarrow, fmt.Sprintf("a narrower path matches, that of %v", narrowest.from.position()), wider
	}
	_, named := narrowest.hosts[q.Host.name]
	upgrade := slices.Contains(m.upgrades, q.Upgrade) || len(m.upgrades) == 0 && q.Upgrade == ""
	switch {
	case len(m.hosts) > 0 && !slices.Contains(m.hosts, q.Host.name):
		return LostHost, fmt.Sprintf("it is for the host %s", strings.Join(m.hosts, " or ")), narrow
	case len(m.hosts) == 0 && named:
		return LostToHost, fmt.Sprintf("another route of this path names the host %s, and so has all its requests", q.Host.name), narrow
	case !upgrade && q.Upgrade == "":
		return LostUpgrade, fmt.Sprintf("it is for requests that upgrade to %s alone", strings.Join(m.upgrades, " or ")), narrow
	case !upgrade:
		return LostUpgrade, fmt.Sprintf("it offers no upgrade to %s", q.Upgrade), narrow
	default:
		return LostMethod, fmt.Sprintf("it has no %s", q.Method.name), narrow
	}
}

// noCall says why a request is no gRPC call.
func noCall(q *Request) string {
	const is = "it is for gRPC calls: "
	switch {
	case q.Method.name != "POST":
		return is + "the method is not POST"
	case !q.HTTP2:
		return is + "the request is not HTTP/2"
	case !q.isGRPC():
		return is + "there is not one content-type application/grpc or application/grpc+…"
	default:
		return is + "the path has escapes, or a query"
	}
}

// leaf returns where a template ends in the tree, nil when it is not in it.
func (n *node) leaf(t template.Template) *leaf {
	for _, s := range t.Segments() {
		switch {
		case s.Rest:
			return n.rest
		case s.Variable != "":
			n = n.variable
		default:
			n = n.literals.of(s.Literal)
		}
		if n == nil {
			return nil
		}
	}
	return n.end
}

func paramValues(t template.Template, segments []string) []Param {
	var all []Param
	for i, s := range t.Segments() {
		switch {
		case s.Rest:
			all = append(all, Param{s.Variable, strings.Join(segments[i:], "/")})
		case s.Variable != "":
			all = append(all, Param{s.Variable, segments[i]})
		}
	}
	return all
}
