package differential_test

import (
	"fmt"
	"slices"
	"time"
)

// A generator makes worlds and questions of a dice's throws.
type generator struct {
	*dice
	ids    int
	asks   bool     // no condition looks at a user whom its rule does not ask for
	groups []group  // that the rules being made may name
	path   template // whose variables the conditions being made may read
}

func (g *generator) id() int {
	g.ids++
	return g.ids
}

// label returns a new name, which no two rules of a world share.
func (g *generator) label(prefix string) string { return fmt.Sprintf("%s-%d", prefix, g.id()) }

// world makes all the documents of a set.
func (g *generator) world() *world {
	w := &world{Loaded: start, Revoked: g.one(10)}
	if !g.one(16) {
		for range 1 + g.n(3) {
			w.Services = append(w.Services, g.service(w))
		}
	}
	for range pick(g.dice, 0, 0, 1, 1, 2) {
		w.Meshes = append(w.Meshes, g.mesh())
	}
	if !g.one(4) {
		g.settle(w)
	}
	return w
}

func (g *generator) service(w *world) *service {
	s := &service{Namespace: pick(g.dice, "shop", "ops"), Name: g.label("p"), Workloads: g.workloads()}
	g.groups = nil
	for range g.n(3) {
		g.groups = append(g.groups, group{Name: g.label("g"), Callers: some(g.dice, 2, callerPatterns)})
	}
	s.Groups = g.groups
	g.path = nil
	if g.one(5) {
		for range 1 + g.n(2) {
			s.Deny = append(s.Deny, g.deny())
		}
		if g.one(12) { // params, where there is no path
			s.Deny[0].When = binary("==", &expr{op: opParam, text: "x"}, textLiteral("a"))
		}
	}
	most := 6
	if !anyMatches(s.Workloads, workload) {
		most = 1
	}
	for range max(g.n(most+1), g.n(most+1)) {
		s.Routes = append(s.Routes, g.route(w))
	}
	return s
}

// workloads are patterns, of which mostly one matches the workload.
func (g *generator) workloads() []string {
	if g.n(3) > 0 {
		return []string{workload}
	}
	return some(g.dice, 2, workloadPatterns)
}

func (g *generator) route(w *world) *route {
	r := &route{Name: g.label("r")}
	others := w.places()
	switch {
	case len(others) > 0 && g.one(3):
		other := pick(g.dice, others...).route
		r.HTTP, r.GRPC = g.again(other)
	case g.one(4):
		r.GRPC = &grpcMatch{Service: pick(g.dice, services...), Methods: g.methodsOf(grpcMethods), Hosts: g.hosts()}
	default:
		r.HTTP = &httpMatch{Methods: g.methodsOf(methods), Path: g.template(), Hosts: g.hosts(), Upgrade: g.one(8)}
	}
	g.path = nil
	if r.HTTP != nil {
		g.path = r.HTTP.Path
	}
	for range pick(g.dice, 1, 1, 1, 2, 2, 3, 0) {
		r.Allow = append(r.Allow, g.allow())
	}
	if g.one(4) {
		for range 1 + g.n(2) {
			r.Deny = append(r.Deny, g.deny())
		}
	}
	return r
}

// again returns the match of another route, its variables called something else, now and then
// with another field changed.
func (g *generator) again(other *route) (*httpMatch, *grpcMatch) {
	if other.GRPC != nil {
		m := *other.GRPC
		if g.one(4) {
			m.Methods = g.methodsOf(grpcMethods)
		}
		if g.one(6) {
			m.Hosts = g.hosts()
		}
		return nil, &m
	}
	m := *other.HTTP
	m.Path = g.renamed(m.Path)
	if g.one(4) {
		m.Methods = g.methodsOf(methods)
	}
	if g.one(6) {
		m.Hosts = g.hosts()
	}
	if g.one(6) {
		m.Upgrade = !m.Upgrade
	}
	return &m, nil
}

func (g *generator) methodsOf(all []string) []string {
	if g.one(4) {
		return []string{"*"}
	}
	return some(g.dice, 2, all)
}

func (g *generator) hosts() []string {
	if g.one(4) {
		return some(g.dice, 2, hosts)
	}
	return nil
}

// template makes the template of a path, with variables of different names.
func (g *generator) template() template {
	var t template
	for range 1 + g.n(3) {
		if g.one(3) {
			t = append(t, segment{Variable: "v"})
		} else {
			t = append(t, segment{Literal: pick(g.dice, literals...)})
		}
	}
	switch g.n(8) {
	case 6:
		t = append(t, segment{})
	case 7:
		t = append(t[:len(t)-1], segment{Variable: "v", Rest: true})
	}
	return g.renamed(t)
}

func (g *generator) renamed(t template) template {
	t = slices.Clone(t)
	names := some(g.dice, 1, variables)
	for _, v := range variables {
		if v != names[0] {
			names = append(names, v)
		}
	}
	k := 0
	for i := range t {
		if t[i].Variable != "" {
			t[i].Variable = names[k%len(names)]
			if k >= len(names) {
				t[i].Variable += fmt.Sprint(k)
			}
			k++
		}
	}
	return t
}

// settle adds routes for what two templates both match, so that more of the worlds load.
func (g *generator) settle(w *world) {
	for range 4 {
		all := w.places()
		var t template
		for i, a := range all {
			for _, b := range all[:i] {
				if t == nil && a.route.HTTP != nil && b.route.HTTP != nil {
					t = unsettled(a.route.HTTP.Path, b.route.HTTP.Path, all)
				}
			}
		}
		if t == nil {
			return
		}
		r := &route{Name: g.label("r"), HTTP: &httpMatch{Methods: g.methodsOf(methods), Path: g.renamed(t), Hosts: g.hosts()}}
		g.path, g.groups = r.HTTP.Path, nil
		r.Allow = append(r.Allow, g.allow())
		s := pick(g.dice, all...).service
		s.Routes = append(s.Routes, r)
	}
}

// unsettled returns the template of what both match, unless one is narrower or there is one.
func unsettled(a, b template, all []place) template {
	if a.narrower(b) || b.narrower(a) {
		return nil
	}
	both := intersection(a, b)
	for _, p := range all {
		if p.route.HTTP != nil && p.route.HTTP.Path.narrower(both) && both.narrower(p.route.HTTP.Path) {
			return nil
		}
	}
	return both
}

// intersection returns the template of what both match, nil for nothing.
func intersection(a, b template) template {
	var both template
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a) || i >= len(b):
			return nil
		case a[i].Rest:
			return append(both, b[i:]...)
		case b[i].Rest:
			return append(both, a[i:]...)
		case a[i].Variable != "":
			both = append(both, b[i])
		default:
			both = append(both, a[i])
		}
		if last := both[len(both)-1]; !(template{last}).narrower(template{a[i]}) || !(template{last}).narrower(template{b[i]}) {
			return nil
		}
	}
	return both
}

func (g *generator) mesh() *mesh {
	m := &mesh{Name: g.label("m")}
	brings := g.one(4)
	for range 1 + g.n(3) {
		if !brings || g.one(2) {
			m.Guardrails = append(m.Guardrails, g.guardrail())
		}
	}
	if brings {
		for range 1 + g.n(2) {
			until := pick(g.dice, time.Hour, time.Hour, -time.Hour, maxOnboarding-time.Hour)
			switch {
			case g.one(8):
				until = maxOnboarding
			case g.one(6):
				until = maxOnboarding + time.Second
			}
			m.Onboarding = append(m.Onboarding, &onboarding{ID: g.id(), Workloads: g.workloads(), Until: start.Add(until).Truncate(time.Second)})
		}
	}
	return m
}

func (g *generator) guardrail() *guardrail {
	r := &guardrail{Name: g.label("g"), Workloads: g.workloads()}
	r.HTTP, r.GRPC = g.target(5)
	for range g.n(2) * g.n(3) {
		e := &except{}
		e.HTTP, e.GRPC = g.target(4)
		if g.one(3) || e.HTTP == nil && e.GRPC == nil {
			e.Workloads = g.workloads()
		}
		r.Except = append(r.Except, e)
	}
	g.path, g.groups = nil, nil
	if r.HTTP != nil {
		g.path = r.HTTP.Path
	}
	if g.one(2) {
		r.Require = g.deny()
	} else {
		r.Deny = g.deny()
	}
	r.rule().Name = ""
	return r
}

// target is what a guardrail or an except is for: http, grpc, or once in so many times neither.
func (g *generator) target(neither int) (*httpMatch, *grpcMatch) {
	switch {
	case g.one(neither):
		return nil, nil
	case g.one(3):
		m := &grpcMatch{Service: pick(g.dice, services...)}
		if g.one(2) {
			m.Methods = g.methodsOf(grpcMethods)
		}
		m.Hosts = g.hosts()
		return nil, m
	}
	m := &httpMatch{Hosts: g.hosts()}
	if g.one(3) {
		m.Methods = g.methodsOf(methods)
	}
	if g.n(4) > 0 {
		m.Path = g.template()
		if g.one(2) {
			m.Path = template{{Variable: "x", Rest: true}}
		}
	}
	if len(m.Hosts)+len(m.Methods)+len(m.Path) == 0 {
		m.Path = g.template()
	}
	return m, nil
}

func newGenerator(seed uint64) *generator {
	return &generator{dice: newDice(seed)}
}
