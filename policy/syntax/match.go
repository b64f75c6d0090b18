package syntax

import "github.com/postern/postern/policy/syntax/tree"

// How many values of one kind a user has.
const (
	single  = true
	several = false
)

// The shapes of a match, by how many values there are to match.
var (
	singleShape  = &shape{what: "a match", fields: []string{"any"}, refused: map[string]string{"all": "of several never holds, for a user has one: write {any: […]}"}}
	severalShape = &shape{what: "a match", fields: []string{"any", "all"}}
)

// match reads one value, {any: […]} or {all: […]}.
func (r *reader) match(n *tree.Node, alone bool, check check) *Match {
	shape, forms := severalShape, "{any: […]} or {all: […]}"
	if alone {
		shape, forms = singleShape, "{any: […]}"
	}
	switch {
	case n == nil:
		return nil
	case n.Kind == tree.List:
		r.fail(n, "one value is plain, and more than one says %s: not a bare list", forms)
		return nil
	case n.Kind != tree.Mapping:
		return &Match{Position: r.position(n), Values: nonEmpty(r.text(n, check))}
	}
	o := r.object(n, shape)
	if alone {
		if o.get("all") != nil {
			return nil
		}
		return r.values(n, false, o.need("any"), check)
	}
	form := o.one("any", "all")
	return r.values(n, form == "all", o.get(form), check)
}

func (r *reader) values(n *tree.Node, all bool, list *tree.Node, check check) *Match {
	return &Match{Position: r.position(n), All: all, Values: r.texts(list, check)}
}

func nonEmpty(t Text) []Text {
	if t.Value == "" {
		return nil
	}
	return []Text{t}
}
