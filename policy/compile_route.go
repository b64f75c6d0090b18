package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// A spot is one cell that a route takes.
type spot struct {
	cells *cells
	cell  cell
}

// occupant returns a route that matches some request of the spot, or nil. Of several it is the one of the
// same methods, or the one that is written first: each load is to say the same.
func (s spot) occupant() (first *route) {
	if r := s.cells.of(s.cell); r != nil {
		return r
	}
	for _, c := range s.cells.all() {
		if c.key.upgrade == s.cell.upgrade && (c.key.method == anyMethod || s.cell.method == anyMethod) &&
			(first == nil || c.value.at.position().Compare(first.at.position()) < 0) {
			first = c.value
		}
	}
	return first
}

// place puts a route into every cell that it matches. Where a route of another policy has the
// same match, the two become one; anything between is a conflict.
func (a *assembler) place(r *route) {
	spots := a.spots(&r.match)
	var other *route
	for _, s := range spots {
		if other = s.occupant(); other != nil {
			break
		}
	}
	switch {
	case other == nil:
		r = a.reading(r)
		for _, s := range spots {
			s.cells.set(s.cell, r)
		}
		a.set.routes = append(a.set.routes, r)
	case !other.match.equal(&r.match):
		a.fault(r.at.position(), "this route and the one at %v match some of the same requests: name each host and method in one of them only, or put the rules of both into one route", other.at.position())
	case slices.Contains(other.policies(), r.policy):
		a.fault(r.at.position(), "this route repeats the one at %v: put the rules of both into one", other.at.position())
	default:
		other = a.own(other, spots)
		other.sources = append(other.sources, r.policy)
		other.allow = append(other.allow, r.allow...)
		other.deny = append(other.deny, r.deny...)
		other.reads = other.reads.and(r.reads)
	}
}

// reading returns a route that reads what holds everywhere, too. The one that was compiled belongs to
// other sets as well.
func (a *assembler) reading(r *route) *route {
	if len(a.set.base.providers)+len(a.set.base.headers) == 0 {
		return r
	}
	mine := *r
	mine.reads = a.set.base.and(r.reads)
	return &mine
}

// own returns a copy of a route that takes in the rules of others, in its place.
func (a *assembler) own(r *route, spots []spot) *route {
	if r.sources != nil {
		return r
	}
	mine := *r
	mine.sources, mine.allow, mine.deny = []string{r.policy}, slices.Clip(r.allow), slices.Clip(r.deny)
	for _, s := range spots {
		s.cells.set(s.cell, &mine)
	}
	if a.index == nil {
		a.index = make(map[*route]int, len(a.set.routes))
	}
	for i := len(a.index); i < len(a.set.routes); i++ {
		a.index[a.set.routes[i]] = i
	}
	a.set.routes[a.index[r]] = &mine
	return &mine
}

// A match is what a route matches, in one spelling.
type match struct {
	grpc      bool
	at        place               // of the path, or of the service
	templates []template.Template // one, or one for each gRPC method
	*terms
}

// terms are what a match asks for beside the path. Many routes share them.
type terms struct{ hosts, methods, upgrades []string }

// match returns the match of a route, and false when it has none. A gRPC method is a path of two
// segments, and "*" a variable in place of the second.
func (c *compiler) match(from *syntax.Route) (match, bool) {
	switch {
	case (from.HTTP == nil) == (from.GRPC == nil):
		c.unparsed(from.Position)
		return match{}, false
	case from.HTTP != nil:
		h := from.HTTP
		t := terms{hosts: c.routeHosts(h.Path.Position, h.Hosts), methods: sorted(h.Methods, same), upgrades: sorted(h.Upgrade, strings.ToLower)}
		return match{at: c.place(h.Path.Position), templates: c.templates(h.Path.Position, h.Path.Value), terms: c.sharing.termsOf(t)}, true
	}
	g := from.GRPC
	var paths []string
	for _, method := range sorted(g.Methods, same) {
		if method == anyMethod {
			method = "{method}"
		}
		paths = append(paths, "/"+g.Service.Value+"/"+method)
	}
	t := terms{hosts: c.routeHosts(g.Service.Position, g.Hosts), methods: []string{"POST"}}
	return match{grpc: true, at: c.place(g.Service.Position), templates: c.templates(g.Service.Position, paths...), terms: c.sharing.termsOf(t)}, true
}

func (c *compiler) templates(at Position, paths ...string) []template.Template {
	all := make([]template.Template, 0, len(paths))
	for _, path := range paths {
		t, err := template.Parse(path)
		if err != nil {
			c.fault(at, "%v", err)
			continue
		}
		all = append(all, t)
	}
	return all
}

// routeHosts returns hosts as requests are compared with them.
func (c *compiler) routeHosts(at Position, texts []syntax.Text) []string {
	all := sorted(texts, strings.ToLower)
	for _, name := range all {
		if h, err := ParseHost(name); err != nil || h.String() != name {
			c.unparsed(at)
		}
	}
	return all
}

func (m *match) equal(o *match) bool {
	return m.grpc == o.grpc && slices.EqualFunc(m.templates, o.templates, sameShape) && slices.Equal(m.hosts, o.hosts) &&
		slices.Equal(m.methods, o.methods) && slices.Equal(m.upgrades, o.upgrades)
}

func sameShape(a, b template.Template) bool { return a.Shape() == b.Shape() }

// spots returns every cell of a match, in a tree that has grown to hold them, until it is called again.
func (a *assembler) spots(m *match) []spot {
	root, upgrades, hosts := &a.set.http, orNone(m.upgrades), orNone(m.hosts)
	if m.grpc {
		root = &a.set.grpc
	}
	all := a.taken[:0]
	for _, t := range m.templates {
		if m.grpc {
			a.set.services[t.Segment(0).Literal] = true
		}
		l := a.trees.add(root, t)
		if l.from == (place{}) {
			l.from = m.at
		}
		for _, host := range hosts {
			cells := l.at(host)
			for _, method := range m.methods {
				for _, upgrade := range upgrades {
					all = append(all, spot{cells, cell{method, upgrade}})
				}
			}
		}
	}
	a.taken = all
	return all
}

// orNone returns names, or one that stands for none.
func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

func sorted(texts []syntax.Text, fold func(string) string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, fold(t.Value))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func same(s string) string { return s }
