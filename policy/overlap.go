package policy

import (
	"fmt"
	"slices"
	"strings"
)

// maxOverlapSteps bounds the work of looking for overlaps, which a hostile set of templates
// could make quadratic.
const maxOverlapSteps = 2_000_000

// overlaps refuses two templates that match a common path when neither is narrower and no
// template for exactly what they share exists: which of them governs would be a guess.
func (a *assembler) overlaps() {
	for _, root := range []*node{&a.set.http, &a.set.grpc} {
		w := &walk{root: root, found: func(*leaf, *leaf, []string) {}}
		if w.within(root); w.met == 0 && w.steps <= maxOverlapSteps {
			continue // as it nearly always is; to be told in order takes several times as long
		}
		w = &walk{root: root, found: a.overlap, ordered: true}
		if w.within(root); w.steps > maxOverlapSteps {
			a.fault(Position{}, "the path templates of the routes overlap in too many ways to check: use fewer variables in front of literals")
		}
	}
}

func (a *assembler) overlap(one, other *leaf, shape []string) {
	a.fault(one.from.position(), "this path and the one at %v both match %s, and neither is narrower: add a route for exactly that path", other.from.position(), templateText(shape))
}

// A walk goes through every two templates of a tree that share a path.
type walk struct {
	root    *node
	found   func(one, other *leaf, shape []string)
	ordered bool     // by name, so that the faults are the same each time
	shared  []string // the segments that lead to where the walk is
	steps   int
	met     int
}

// side says in which of two templates a segment was narrower so far.
type side uint8

const (
	left side = 1 << iota
	right
	both = left | right
)

// push goes on behind one more segment, and pop back.
func (w *walk) push(segment string) { w.shared = append(w.shared, segment) }
func (w *walk) pop()                { w.shared = w.shared[:len(w.shared)-1] }

// within looks at every two templates that part below n.
func (w *walk) within(n *node) {
	for _, l := range w.each(n.literals) {
		name, c := l.key, l.value
		w.push(name)
		w.within(c)
		if n.variable != nil && name != "" {
			w.between(c, n.variable, left)
		}
		w.pop()
	}
	if n.variable != nil {
		w.push("{}")
		w.within(n.variable)
		w.pop()
	}
}

// between looks at every template below a against every one below b, which lead to the same
// segments; narrower says which was narrower on the way.
func (w *walk) between(a, b *node, narrower side) {
	if w.steps++; w.steps > maxOverlapSteps {
		return
	}
	w.meet(a.end, b.end, narrower)
	w.meet(a.rest, b.rest, narrower, "{...}")
	for _, l := range w.each(a.literals) {
		name, c := l.key, l.value
		w.push(name)
		if d := b.literals.of(name); d != nil {
			w.between(c, d, narrower)
		}
		if b.variable != nil && name != "" {
			w.between(c, b.variable, narrower|left)
		}
		w.under(c, b.rest, narrower|left)
		w.pop()
	}
	for _, l := range w.each(b.literals) {
		name, d := l.key, l.value
		w.push(name)
		if a.variable != nil && name != "" {
			w.between(a.variable, d, narrower|right)
		}
		w.under(d, a.rest, flip(narrower|right))
		w.pop()
	}
	w.push("{}")
	if a.variable != nil && b.variable != nil {
		w.between(a.variable, b.variable, narrower)
	}
	if a.variable != nil {
		w.under(a.variable, b.rest, narrower|left)
	}
	if b.variable != nil {
		w.under(b.variable, a.rest, flip(narrower|right))
	}
	w.pop()
}

// under looks at every template below n against one that ends in {name...} there.
func (w *walk) under(n *node, rest *leaf, narrower side) {
	if rest == nil {
		return
	}
	if w.steps++; w.steps > maxOverlapSteps || narrower != both {
		return // n's side is the narrower all the way down
	}
	w.meet(n.end, rest, narrower)
	w.meet(n.rest, rest, narrower, "{...}")
	for _, l := range w.each(n.literals) {
		name, c := l.key, l.value
		w.push(name)
		w.under(c, rest, narrower)
		w.pop()
	}
	if n.variable != nil {
		w.push("{}")
		w.under(n.variable, rest, narrower)
		w.pop()
	}
}

// meet tells of two templates of which neither is narrower, unless their overlap has a route.
func (w *walk) meet(a, b *leaf, narrower side, more ...string) {
	if a == nil || b == nil || narrower != both {
		return
	}
	if shape := slices.Concat(w.shared, more); !w.root.has(shape) {
		w.met++
		w.found(a, b, shape)
	}
}

// templateText writes a shape as a template.
func templateText(shape []string) string {
	var b strings.Builder
	for i, s := range shape {
		b.WriteByte('/')
		switch s {
		case "{}":
			fmt.Fprintf(&b, "{v%d}", i+1)
		case "{...}":
			b.WriteString("{rest...}")
		default:
			b.WriteString(s)
		}
	}
	return b.String()
}

// has says that a template of this shape ends in the tree.
func (n *node) has(shape []string) bool {
	for _, s := range shape {
		switch {
		case s == "{...}":
			return n.rest != nil
		case s == "{}":
			n = n.variable
		default:
			n = n.literals.of(s)
		}
		if n == nil {
			return false
		}
	}
	return n.end != nil
}

func flip(s side) side { return s>>1&left | s<<1&right }

// each returns the children of a node.
func (w *walk) each(below *literals) []pair[string, *node] {
	all := below.all()
	if w.ordered {
		all = slices.SortedFunc(slices.Values(all), func(a, b pair[string, *node]) int { return strings.Compare(a.key, b.key) })
	}
	return all
}
