package policy

// maxFew is up to where a list takes the place of a map: most of what a tree holds is one or two of
// a kind, for which a map would take ten times the memory.
const maxFew = 8

// cells are the routes of one path and host.
type cells struct {
	few  []taken
	many map[cell]*route // nil until there are more than maxFew
}

// A taken is a cell with its route.
type taken struct {
	cell
	route *route
}

// of returns the route of a cell, nil when there is none.
func (c *cells) of(at cell) *route {
	if c.many != nil {
		return c.many[at]
	}
	for i := range c.few {
		if c.few[i].cell == at {
			return c.few[i].route
		}
	}
	return nil
}

// set gives a cell to a route, in place of any that has it.
func (c *cells) set(at cell, r *route) {
	if c.many == nil && len(c.few) == maxFew {
		c.many = make(map[cell]*route, 2*maxFew)
		for _, t := range c.few {
			c.many[t.cell] = t.route
		}
		c.few = nil
	}
	if c.many != nil {
		c.many[at] = r
		return
	}
	for i := range c.few {
		if c.few[i].cell == at {
			c.few[i].route = r
			return
		}
	}
	c.few = append(c.few, taken{at, r})
}

// each yields every cell with its route.
func (c *cells) each(yield func(cell, *route) bool) {
	for _, t := range c.few {
		if !yield(t.cell, t.route) {
			return
		}
	}
	for at, r := range c.many {
		if !yield(at, r) {
			return
		}
	}
}

// literals are the nodes below one node, by segment.
type literals struct {
	few  []literal
	many map[string]*node // nil until there are more than maxFew
}

type literal struct {
	name string
	node *node
}

// of returns the node of a segment, nil when there is none.
func (l *literals) of(name string) *node {
	if l == nil {
		return nil
	}
	if l.many != nil {
		return l.many[name]
	}
	for i := range l.few {
		if l.few[i].name == name {
			return l.few[i].node
		}
	}
	return nil
}

// add adds a node that is not there.
func (l *literals) add(name string, n *node) {
	if l.many == nil && len(l.few) == maxFew {
		l.many = make(map[string]*node, 2*maxFew)
		for _, c := range l.few {
			l.many[c.name] = c.node
		}
		l.few = nil
	}
	if l.many != nil {
		l.many[name] = n
		return
	}
	l.few = append(l.few, literal{name, n})
}

// list returns every node, in any order. Nobody modifies it.
func (l *literals) list() []literal {
	switch {
	case l == nil:
		return nil
	case l.many == nil:
		return l.few
	}
	all := make([]literal, 0, len(l.many))
	for name, n := range l.many {
		all = append(all, literal{name, n})
	}
	return all
}
