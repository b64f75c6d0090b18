package syntax

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// notYet is said of what the grammar has and this version does not.
const notYet = "is not supported by this version of Postern"

// A shape is an object of the grammar, as the reader uses it.
type shape struct {
	*grammar.Object
	what     string            // "a route"
	fields   []string          // in the order in which errors name them
	required uint32            // a bit for each of fields that must be there
	advice   map[string]string // what to do about a field that is missing
	refused  map[string]string // fields that are known and refused, and what is said of them
	called   map[string]string // what others call a field
}

// shapeOf returns the shape of an object, which has at most 32 fields.
func shapeOf(o grammar.Object) *shape {
	s := &shape{Object: &o, what: o.What}
	for i, f := range o.Fields {
		s.fields = append(s.fields, f.Name)
		if f.Need == grammar.Required {
			s.required |= 1 << i
		}
	}
	return s
}

func (s *shape) requires(field string) bool {
	i := slices.Index(s.fields, field)
	return i >= 0 && s.required&(1<<i) != 0
}

func (s *shape) refuses(refused map[string]string) *shape {
	s.refused = refused
	return s
}

func (s *shape) calls(called map[string]string) *shape {
	s.called = called
	return s
}

func (s *shape) advises(field, advice string) *shape {
	s.advice = map[string]string{field: advice}
	return s
}

// An object is a mapping that was held to a shape. The zero object has no field.
type object struct {
	*reader
	shape *shape
	node  *tree.Node
	meant []string // the fields that unknown ones were taken for
}

// object reports what n has too much, and which fields it has not that its shape requires.
func (r *reader) object(n *tree.Node, s *shape) object {
	switch {
	case n == nil:
		return object{}
	case n.Kind != tree.Mapping:
		r.fail(n, "expected %s (a mapping with %s), found %s", s.what, enumerate(s.fields), found(n))
		return object{}
	}
	o := object{reader: r, shape: s, node: n}
	missing := s.required
	for key := range n.Fields() {
		if i := slices.Index(s.fields, key.Text); i >= 0 {
			missing &^= 1 << i
		} else if message := s.refused[key.Text]; message != "" {
			r.fail(key, "%s %s", key.Text, message)
		} else {
			o.unknown(key)
		}
	}
	for i := 0; missing != 0; i, missing = i+1, missing>>1 {
		if missing&1 != 0 {
			o.lacks(s.fields[i])
		}
	}
	return o
}

func (o *object) unknown(key *tree.Node) {
	near := o.shape.called[key.Text]
	if near == "" {
		near = Nearest(key.Text, o.shape.fields)
	}
	if near == "" {
		o.fail(key, "unknown field %s: %s has %s", quote(key.Text), o.shape.what, enumerate(o.shape.fields))
		return
	}
	o.meant = append(o.meant, near)
	o.fail(key, "unknown field %s: did you mean %q?", quote(key.Text), near)
}

// get returns a field's value, nil when it is absent.
func (o object) get(field string) *tree.Node {
	if o.node == nil {
		return nil
	}
	for key, value := range o.node.Fields() {
		if key.Text == field {
			return value
		}
	}
	return nil
}

// need is get for a field that must be there in this place, and not in every object of its shape.
func (o object) need(field string) *tree.Node {
	n := o.get(field)
	if n == nil && o.node != nil && !o.shape.requires(field) {
		o.lacks(field)
	}
	return n
}

// lacks reports a field that is missing, unless an unknown one was taken for it.
func (o object) lacks(field string) {
	switch advice := o.shape.advice[field]; {
	case slices.Contains(o.meant, field):
	case advice != "":
		o.fail(o.node, "%s needs %s: %s", o.shape.what, field, advice)
	default:
		o.fail(o.node, "%s needs %s", o.shape.what, field)
	}
}

// one returns the name of the one field that is there, among several of which exactly one may be.
func (o object) one(fields ...string) string {
	return o.choose(grammar.Choice{Fields: fields, Need: grammar.Required})
}

// choose returns the name of the one field of a choice that is there.
func (o object) choose(c grammar.Choice) string {
	chosen := ""
	if o.node == nil {
		return ""
	}
	for key := range o.node.Fields() {
		switch {
		case !slices.Contains(c.Fields, key.Text):
		case chosen != "" && c.Need == grammar.Required:
			o.fail(key, "%s has %s already, and takes exactly one of %s", o.shape.what, chosen, enumerate(c.Fields))
			return chosen
		case chosen != "":
			o.fail(key, "%s has %s already, and takes at most one of %s", o.shape.what, chosen, enumerate(c.Fields))
			return chosen
		default:
			chosen = key.Text
		}
	}
	if chosen == "" && c.Need == grammar.Required && !slices.ContainsFunc(o.meant, func(near string) bool { return slices.Contains(c.Fields, near) }) {
		o.fail(o.node, "%s needs %s", o.shape.what, oneOf(c.Fields))
	}
	return chosen
}

func oneOf(fields []string) string {
	if len(fields) == 1 {
		return fields[0]
	}
	return "exactly one of " + enumerate(fields)
}

// enumerate returns "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
