package format

import (
	"slices"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// sort puts the fields of a document in the order of the grammar, which depends on its kind.
func (d *document) sort(g *grammar.Grammar) {
	if d.node == nil {
		return
	}
	var spec grammar.Value
	for key, value := range d.node.Fields() {
		if key.Text == "kind" {
			kind, _ := g.Kind(value.Text)
			spec.Object = kind.Spec
		}
	}
	d.root.value.sort(grammar.Value{Object: g.Document})
	for _, e := range d.root.value.entries {
		if e.key != nil && e.key.text == "spec" {
			e.value.sort(spec)
		}
	}
}

// sort puts the fields of a value, and of all in it, in order. What the grammar does not know
// keeps its order: the names that an author chooses, and the items of a list.
func (v *value) sort(g grammar.Value) {
	switch {
	case v.kind == tree.List && g.List != nil:
		for _, e := range v.entries {
			e.value.sort(g.List.Of)
		}
	case v.kind == tree.Mapping && g.Map != nil:
		for _, e := range v.entries {
			e.value.sort(g.Map.Of)
		}
	case v.kind == tree.Mapping && g.Object != nil:
		slices.SortStableFunc(v.entries, func(a, b *entry) int { return rank(g.Object, a) - rank(g.Object, b) })
		for _, e := range v.entries {
			field, _ := g.Object.Field(e.key.text)
			e.value.sort(field.Value)
		}
	}
}

// rank is the place of a field in its object. A field that is in none comes last.
func rank(o *grammar.Object, e *entry) int {
	if i := slices.IndexFunc(o.Fields, func(f grammar.Field) bool { return f.Name == e.key.text }); i >= 0 {
		return i
	}
	return len(o.Fields)
}
