package edit

import "github.com/postern/postern/policy/syntax/tree"

// An entry is an item of a list, or a field of a mapping with its value.
type entry struct {
	at       *tree.Node // the item, or the field's name
	from, to int        // its bytes, without what is around it
	gone     bool
}

// prune returns a node without the targets below it, and says whether nothing is left of it that
// was there. around is the column, from 0, of the block that the node stands in.
func (r *remover) prune(n *tree.Node, around int) (kept tree.Node, empty bool) {
	if n.Kind != tree.List && n.Kind != tree.Mapping || len(n.Items) == 0 {
		return *n, false
	}
	kept = *n
	kept.Items = nil
	step := 1
	if n.Kind == tree.Mapping {
		step = 2
	}
	column := r.column(n, around)
	entries := make([]entry, 0, len(n.Items)/step)
	left := 0
	for i := 0; i < len(n.Items); i += step {
		e, value := entry{at: &n.Items[i]}, &n.Items[i+step-1]
		if n.Kind == tree.List {
			e.gone = r.wants(value, Item)
		} else {
			name, of := r.wants(e.at, Name), r.wants(value, Value)
			e.gone = name || of
		}
		inner, hollow := r.prune(value, column)
		e.gone = e.gone || hollow
		e.from, e.to = r.begin(e.at), r.end(value, column)
		if value.Kind == tree.Nothing && step == 2 {
			e.to = r.colon(e.at) + 1
		}
		if !e.gone {
			left++
			kept.Items = append(kept.Items, n.Items[i:i+step-1]...)
			kept.Items = append(kept.Items, inner)
		}
		entries = append(entries, e)
	}
	switch {
	case left == 0:
		return kept, true
	case left == len(entries):
	case r.isFlow(n):
		r.cutFlow(entries)
	default:
		r.cutBlock(entries, column, n.Kind == tree.List)
	}
	return kept, false
}

// wants says that what begins with a node is a target.
func (r *remover) wants(at *tree.Node, what What) bool {
	t := Target{int(at.Line), int(at.Column), what}
	if r.targets[t] {
		r.found[t] = true
	}
	return r.targets[t]
}

// isFlow says that a list or mapping is in brackets.
func (r *remover) isFlow(n *tree.Node) bool {
	c := r.text[r.begin(n)]
	return c == '[' || c == '{'
}

// column returns the column, from 0, below which nothing of a block stands. What is in brackets
// stands in the block around them.
func (r *remover) column(n *tree.Node, around int) int {
	if r.isFlow(n) {
		return around
	}
	return int(n.Column) - 1
}
