package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// A spot is one cell that a route takes.
type spot struct {
	cells cells
	cell  cell
}

// occupant returns a route that matches some request of the spot, or nil.
func (s spot) occupant() *route {
	if r := s.cells[s.cell]; r != nil {
		return r
	}
	for at, r := range s.cells {
		if at.upgrade == s.cell.upgrade && (at.method == anyMethod || s.cell.method == anyMethod) {
			return r
		}
	}
	return nil
}

// place puts a route into every cell that it matches. Where a route of another policy has the
// same match, the two become one; anything between is a conflict.
func (a *assembler) place(from *syntax.Route, r *route) {
	m := matchOf(from)
	if m == nil {
		a.unparsed(from.Position)
		return
	}
	spots := a.spots(m)
	var other *route
	for _, s := range spots {
		if other = s.occupant(); other != nil {
			break
		}
	}
	switch {
	case other == nil:
		r.match, r.at, r.sources = m, from.Position, []string{r.policy}
		for _, s := range spots {
			s.cells[s.cell] = r
		}
		a.set.routes = append(a.set.routes, r)
	case !other.match.equal(m):
		a.fault(from.Position, "this route and the one at %v match some of the same requests: name each host and method in one of them only, or put the rules of both into one route", other.at)
	case slices.Contains(other.sources, r.policy):
		a.fault(from.Position, "this route repeats the one at %v: put the rules of both into one", other.at)
	default:
		other.sources = append(other.sources, r.policy)
		other.allow = append(other.allow, r.allow...)
		other.deny = append(other.deny, r.deny...)
	}
}

// A match is what a route matches, in one spelling.
type match struct {
	grpc                     bool
	at                       Position            // of the path, or of the service
	paths                    []string            // one, or one for each gRPC method
	templates                []template.Template // of the paths, once they are placed
	hosts, methods, upgrades []string
}

// matchOf returns the match of a route, or nil when it has none. A gRPC method is a path of
// two segments, and "*" a variable in place of the second.
func matchOf(r *syntax.Route) *match {
	switch {
	case (r.HTTP == nil) == (r.GRPC == nil):
		return nil
	case r.HTTP != nil:
		h := r.HTTP
		return &match{
			at:      h.Path.Position,
			paths:   []string{h.Path.Value},
			hosts:   sorted(h.Hosts, strings.ToLower),
			methods: sorted(h.Methods, same), upgrades: sorted(h.Upgrade, strings.ToLower),
		}
	}
	g := r.GRPC
	m := &match{grpc: true, at: g.Service.Position, hosts: sorted(g.Hosts, strings.ToLower), methods: []string{"POST"}}
	for _, method := range sorted(g.Methods, same) {
		if method == anyMethod {
			method = "{method}"
		}
		m.paths = append(m.paths, "/"+g.Service.Value+"/"+method)
	}
	return m
}

func (m *match) equal(o *match) bool {
	return m.grpc == o.grpc && slices.EqualFunc(m.templates, o.templates, sameShape) && slices.Equal(m.hosts, o.hosts) &&
		slices.Equal(m.methods, o.methods) && slices.Equal(m.upgrades, o.upgrades)
}

func sameShape(a, b template.Template) bool { return a.Shape() == b.Shape() }

// spots returns every cell of a match, in a tree that has grown to hold them.
func (a *assembler) spots(m *match) []spot {
	root, upgrades, hosts := &a.set.http, m.upgrades, m.hosts
	if m.grpc {
		root = &a.set.grpc
	}
	if len(upgrades) == 0 {
		upgrades = []string{""}
	}
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	var all []spot
	for _, path := range m.paths {
		t, err := template.Parse(path)
		if err != nil {
			a.fault(m.at, "%v", err)
			continue
		}
		m.templates = append(m.templates, t)
		if m.grpc {
			a.set.services[t.Segments()[0].Literal] = true
		}
		l := root.add(t)
		if l.from.IsZero() {
			l.from = m.at
		}
		for _, host := range hosts {
			for _, method := range m.methods {
				for _, upgrade := range upgrades {
					all = append(all, spot{l.at(a.host(m.at, host)), cell{method, upgrade}})
				}
			}
		}
	}
	return all
}

// host returns a host as requests are compared with it.
func (a *assembler) host(at Position, name string) string {
	if name == "" {
		return ""
	}
	h, err := ParseHost(name)
	if err != nil || h.String() != name {
		a.unparsed(at)
	}
	return h.String()
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
