package policy

import "github.com/postern/postern/policy/template"

// A node is one place in a tree of path templates, by segment.
type node struct {
	literals *literals // nil: none
	variable *node     // {name}: one segment that is not empty
	rest     *leaf     // {name...}: one segment or more
	end      *leaf
}

// A leaf is where one template ends: the routes that share it, by host and method.
type leaf struct {
	from    place // of the first template that ends here
	hosts   map[string]*cells
	anyHost cells
}

// A cell is what, beside path and host, a route matches.
type cell struct{ method, upgrade string }

// The routes of one path and host by their cells, and the nodes below one node by segment.
type (
	cells    = few[cell, *route]
	literals = few[string, *node]
)

// anyMethod stands for every method.
const anyMethod = "*"

// A grower makes trees of one set. It takes memory for many nodes at once: they come and go together.
type grower struct {
	nodes    []node
	leaves   []leaf
	literals []literals
}

// slab is for how many at once.
const slab = 64

// one returns a zero value in memory that is taken for many.
func one[T any](all *[]T) *T {
	if len(*all) == 0 {
		*all = make([]T, slab)
	}
	v := &(*all)[0]
	*all = (*all)[1:]
	return v
}

// add returns the leaf of a template below n, made when it is new.
func (g *grower) add(n *node, t template.Template) *leaf {
	for i := range t.Len() {
		s := t.Segment(i)
		if s.Rest {
			return g.leafAt(&n.rest)
		}
		n = g.child(n, s)
	}
	return g.leafAt(&n.end)
}

func (g *grower) child(n *node, s template.Segment) *node {
	if s.Variable != "" {
		if n.variable == nil {
			n.variable = one(&g.nodes)
		}
		return n.variable
	}
	c := n.literals.of(s.Literal)
	if c == nil {
		if n.literals == nil {
			n.literals = one(&g.literals)
		}
		c = one(&g.nodes)
		n.literals.set(s.Literal, c)
	}
	return c
}

func (g *grower) leafAt(at **leaf) *leaf {
	if *at == nil {
		*at = one(&g.leaves)
	}
	return *at
}

// find returns the leaf of the narrowest template that matches, or nil. Of two templates that
// match one path the narrower is at least as narrow in every segment, and compiling refuses
// two of which neither is; so the first that this order finds is the narrowest. No node is
// visited twice.
func (n *node) find(segments []string) *leaf {
	if len(segments) == 0 {
		return n.end
	}
	if c := n.literals.of(segments[0]); c != nil {
		if l := c.find(segments[1:]); l != nil {
			return l
		}
	}
	if n.variable != nil && segments[0] != "" {
		if l := n.variable.find(segments[1:]); l != nil {
			return l
		}
	}
	return n.rest
}

// choose returns the route for a host, method and upgrade. A host that is named here hides
// the routes of no host, and nothing falls back.
func (l *leaf) choose(host Host, method Method, upgrade string) *route {
	c := l.hosts[host.name]
	if c == nil {
		c = &l.anyHost
	}
	if r := c.of(cell{method.name, upgrade}); r != nil {
		return r
	}
	return c.of(cell{anyMethod, upgrade})
}

// at returns the cells of a host, made when they are new; "" is any host.
func (l *leaf) at(host string) *cells {
	if host == "" {
		return &l.anyHost
	}
	if l.hosts == nil {
		l.hosts = map[string]*cells{}
	}
	if l.hosts[host] == nil {
		l.hosts[host] = &cells{}
	}
	return l.hosts[host]
}
