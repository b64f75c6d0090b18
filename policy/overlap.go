package policy

import (
	"fmt"
	"iter"
	"maps"
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
		w := &walk{assembler: a, root: root}
		w.within(root, nil)
		if w.steps > maxOverlapSteps {
			a.fault(Position{}, "the path templates of the routes overlap in too many ways to check: use fewer variables in front of literals")
		}
	}
}

// A walk goes through every two templates of a tree that share a path.
type walk struct {
	*assembler
	root  *node
	steps int
}

// side says in which of two templates a segment was narrower so far.
type side uint8

const (
	left side = 1 << iota
	right
	both = left | right
)

// within looks at every two templates that part below n; shared is what leads to n.
func (w *walk) within(n *node, shared []string) {
	for name, c := range inOrder(n.literals) {
		next := append(shared[:len(shared):len(shared)], name)
		w.within(c, next)
		if n.variable != nil && name != "" {
			w.between(c, n.variable, left, next)
		}
	}
	if n.variable != nil {
		w.within(n.variable, append(shared[:len(shared):len(shared)], "{}"))
	}
}

// between looks at every template below a against every one below b, which lead to the same
// segments; narrower says which was narrower on the way.
func (w *walk) between(a, b *node, narrower side, shared []string) {
	if w.steps++; w.steps > maxOverlapSteps {
		return
	}
	w.meet(a.end, b.end, narrower, shared)
	w.meet(a.rest, b.rest, narrower, append(shared[:len(shared):len(shared)], "{...}"))
	for name, c := range inOrder(a.literals) {
		next := append(shared[:len(shared):len(shared)], name)
		if d := b.literals[name]; d != nil {
			w.between(c, d, narrower, next)
		}
		if b.variable != nil && name != "" {
			w.between(c, b.variable, narrower|left, next)
		}
		w.under(c, b.rest, narrower|left, next)
	}
	for name, d := range inOrder(b.literals) {
		next := append(shared[:len(shared):len(shared)], name)
		if a.variable != nil && name != "" {
			w.between(a.variable, d, narrower|right, next)
		}
		w.under(d, a.rest, flip(narrower|right), next)
	}
	next := append(shared[:len(shared):len(shared)], "{}")
	if a.variable != nil && b.variable != nil {
		w.between(a.variable, b.variable, narrower, next)
	}
	if a.variable != nil {
		w.under(a.variable, b.rest, narrower|left, next)
	}
	if b.variable != nil {
		w.under(b.variable, a.rest, flip(narrower|right), next)
	}
}

// under looks at every template below n against one that ends in {name...} there.
func (w *walk) under(n *node, rest *leaf, narrower side, shared []string) {
	if rest == nil {
		return
	}
	if w.steps++; w.steps > maxOverlapSteps || narrower != both {
		return // n's side is the narrower all the way down
	}
	w.meet(n.end, rest, narrower, shared)
	w.meet(n.rest, rest, narrower, append(shared[:len(shared):len(shared)], "{...}"))
	for name, c := range inOrder(n.literals) {
		w.under(c, rest, narrower, append(shared[:len(shared):len(shared)], name))
	}
	if n.variable != nil {
		w.under(n.variable, rest, narrower, append(shared[:len(shared):len(shared)], "{}"))
	}
}

// meet reports two templates of which neither is narrower, unless their overlap has a route.
func (w *walk) meet(a, b *leaf, narrower side, shared []string) {
	if a == nil || b == nil || narrower != both || w.root.has(shared) {
		return
	}
	w.fault(a.from.position(), "this path and the one at %v both match %s, and neither is narrower: add a route for exactly that path", b.from.position(), templateText(shared))
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
			n = n.literals[s]
		}
		if n == nil {
			return false
		}
	}
	return n.end != nil
}

func flip(s side) side { return s>>1&left | s<<1&right }

// inOrder yields the children of a node by name, so that the faults are the same each time.
func inOrder(literals map[string]*node) iter.Seq2[string, *node] {
	return func(yield func(string, *node) bool) {
		for _, name := range slices.Sorted(maps.Keys(literals)) {
			if !yield(name, literals[name]) {
				return
			}
		}
	}
}
