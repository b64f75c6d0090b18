package syntax

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/tree"
)

// notYet is said of what the grammar has and this version does not.
const notYet = "is not supported by this version of Postern"

// A shape is what a mapping of one kind may hold.
type shape struct {
	what    string            // "a route"
	fields  []string          // in the order in which errors name them
	refused map[string]string // fields that are known and refused, and what is said of them
}

// An object is a mapping that was held to a shape. The zero object has no field.
type object struct {
	*reader
	shape *shape
	node  *tree.Node
	meant []string // the fields that unknown ones were taken for
}

// object reports what n has too much. What it has too little is for need to say.
func (r *reader) object(n *tree.Node, s *shape) object {
	switch {
	case n == nil:
		return object{}
	case n.Kind != tree.Mapping:
		r.fail(n, "expected %s (a mapping with %s), found %s", s.what, enumerate(s.fields), found(n))
		return object{}
	}
	o := object{reader: r, shape: s, node: n}
	for key := range n.Fields() {
		if message := s.refused[key.Text]; message != "" {
			r.fail(key, "%s %s", key.Text, message)
		} else if !slices.Contains(s.fields, key.Text) {
			o.unknown(key)
		}
	}
	return o
}

func (o *object) unknown(key *tree.Node) {
	near := nearest(key.Text, o.shape.fields)
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

// need is get for a field that must be there.
func (o object) need(field string) *tree.Node {
	n := o.get(field)
	if n == nil && o.node != nil && !slices.Contains(o.meant, field) {
		o.fail(o.node, "%s needs %s", o.shape.what, field)
	}
	return n
}

// one returns the name of the one field that is there, among several of which exactly one may be.
func (o object) one(fields ...string) string {
	chosen := o.chosen("exactly", fields)
	if chosen == "" && o.node != nil && !slices.ContainsFunc(o.meant, func(near string) bool { return slices.Contains(fields, near) }) {
		o.fail(o.node, "%s needs exactly one of %s", o.shape.what, enumerate(fields))
	}
	return chosen
}

// chosen returns the first of these fields that is there, and reports a second one.
func (o object) chosen(how string, fields []string) string {
	chosen := ""
	if o.node == nil {
		return chosen
	}
	for key := range o.node.Fields() {
		switch {
		case !slices.Contains(fields, key.Text):
		case chosen != "":
			o.fail(key, "%s has %s already, and takes %s one of %s", o.shape.what, chosen, how, enumerate(fields))
			return chosen
		default:
			chosen = key.Text
		}
	}
	return chosen
}

// enumerate returns "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
