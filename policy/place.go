package policy

// A place is a Position in a third of the memory: a set keeps several of them for each rule.
type place struct {
	of           *origin
	line, column uint32
}

// An origin is what many positions have in common.
type origin struct{ source, field string }

func (p place) position() Position {
	if p.of == nil {
		return Position{}
	}
	return Position{Source: p.of.source, Line: int(p.line), Column: int(p.column), Field: p.of.field}
}

// place returns a position as it is kept. One policy comes from one source, so that the last origin is
// most often the next.
func (c *compiler) place(p Position) place {
	if c.origin == nil || *c.origin != (origin{p.Source, p.Field}) {
		c.origin = &origin{p.Source, p.Field}
	}
	return place{c.origin, uint32(max(0, p.Line)), uint32(max(0, p.Column))}
}
