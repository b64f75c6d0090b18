package syntax

import (
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// A matcher is what a field of a user asks for: one value, or more than one in a mapping that
// says whether any or all are meant.
type matcher struct {
	*shape
	text  *grammar.Scalar
	check check
}

var (
	subjects  = matchOne("subjects", anyText, nil)
	clients   = matchOne("clients", anyText, nil)
	audiences = matchMany("audiences", anyText, nil)
	scopes    = matchMany("scopes", scopeText, checkScope)
	roles     = matchMany("roles", anyText, nil)
	acr       = matchOne("acr", acrText, checkACR)
	amr       = matchMany("amr", anyText, nil)
)

// matchOne is for what a user has one of.
func matchOne(what string, text *grammar.Scalar, check check) matcher {
	return matcher{text: text, check: check, shape: shapeOf(grammar.Object{
		What:    what,
		Says:    "Asks for one of several values.",
		Fields:  []grammar.Field{{Name: "any", Value: listOf(text), Says: "The user's is one of these."}},
		Choices: []grammar.Choice{onlyAny},
	}).refuses(map[string]string{"all": "of several never holds, for a user has one: write {any: […]}"})}
}

var (
	onlyAny  = grammar.Choice{Fields: []string{"any"}, Need: grammar.Required}
	anyOrAll = grammar.Choice{Fields: []string{"any", "all"}, Need: grammar.Required}
)

// matchMany is for what a user has several of.
func matchMany(what string, text *grammar.Scalar, check check) matcher {
	return matcher{text: text, check: check, shape: shapeOf(grammar.Object{
		What: what,
		Says: "Asks for any or for all of several values.",
		Fields: []grammar.Field{
			{Name: "any", Value: listOf(text), Says: "The user has one of these."},
			{Name: "all", Value: listOf(text), Says: "The user has all of these."},
		},
		Choices: []grammar.Choice{anyOrAll},
	})}
}

// value is what the grammar says of such a field.
func (m matcher) value() grammar.Value { return textOr(m.text, m.shape) }

// match reads one value, {any: […]} or {all: […]}.
func (r *reader) match(n *tree.Node, m matcher) *Match {
	_, many := m.Field("all")
	switch {
	case n == nil:
		return nil
	case n.Kind == tree.List && many:
		r.fail(n, "one value is plain, and more than one says {any: […]} or {all: […]}: not a bare list")
		return nil
	case n.Kind == tree.List:
		r.fail(n, "one value is plain, and more than one says {any: […]}: not a bare list")
		return nil
	case n.Kind != tree.Mapping:
		return &Match{Position: r.position(n), Values: nonEmpty(r.text(n, m.check))}
	}
	o := r.object(n, m.shape)
	if !many && o.get("all") != nil {
		return nil
	}
	form := o.choose(m.Choices[0])
	return r.values(n, form == "all", o.get(form), m.check)
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
