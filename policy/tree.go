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

// anyMethod stands for every method.
const anyMethod = "*"

// add returns the leaf of a template, made when it is new.
func (n *node) add(t template.Template) *leaf {
	for i := range t.Len() {
		s := t.Segment(i)
		if s.Rest {
			return leafAt(&n.rest)
		}
		n = n.child(s)
	}
	return leafAt(&n.end)
}

func (n *node) child(s template.Segment) *node {
	if s.Variable != "" {
		if n.variable == nil {
			n.variable = &node{}
		}
		return n.variable
	}
	c := n.literals.of(s.Literal)
	if c == nil {
		if n.literals == nil {
			n.literals = &literals{}
		}
		c = &node{}
		n.literals.add(s.Literal, c)
	}
	return c
}

func leafAt(at **leaf) *leaf {
	if *at == nil {
		*at = &leaf{}
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
