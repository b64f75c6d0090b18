package schema

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax/grammar"
)

// A builder makes schemas of the grammar.
type builder struct {
	structural bool       // for Kubernetes: everything in its place, and without the keywords that it does not know
	defs       properties // else the objects that are referred to
}

// object returns the schema of an object, or a reference to it.
func (b *builder) object(o *grammar.Object) *node {
	if b.structural {
		return b.mapping(o)
	}
	name := strings.ReplaceAll(o.What, " ", "-")
	if b.defs.of(name) == nil {
		def := &node{}
		b.defs = append(b.defs, property{name, def})
		*def = *b.mapping(o)
	}
	return &node{Ref: "#/$defs/" + name}
}

// mapping is object in its place.
func (b *builder) mapping(o *grammar.Object) *node {
	n := &node{Type: "object"}
	b.describe(n, o.Says)
	if !b.structural { // Kubernetes drops what it does not know, or says so
		n.AdditionalProperties = never
	}
	for _, f := range o.Fields {
		n.Properties = append(n.Properties, property{f.Name, b.field(f)})
		if f.Need == grammar.Required {
			n.Required = append(n.Required, f.Name)
		}
		for _, other := range f.With {
			n.AllOf = append(n.AllOf, &node{AnyOf: []*node{{Not: required(f.Name)}, required(other)}})
		}
	}
	for _, c := range o.Choices {
		n.choose(c)
	}
	switch {
	case len(o.Some) == 0:
	case len(o.Some) == len(o.Fields):
		n.MinProperties = 1
	default:
		n.AllOf = append(n.AllOf, &node{AnyOf: each(o.Some)})
	}
	return n
}

// choose says that of several fields one is there.
func (n *node) choose(c grammar.Choice) {
	switch {
	case len(c.Fields) == 1 && c.Need == grammar.Required:
		n.Required = append(n.Required, c.Fields...)
	case c.Need == grammar.Required:
		n.AllOf = append(n.AllOf, &node{OneOf: each(c.Fields)})
	default:
		for i, one := range c.Fields {
			for _, other := range c.Fields[i+1:] {
				n.AllOf = append(n.AllOf, &node{Not: required(one, other)})
			}
		}
	}
}

// required takes a mapping that has all of these fields.
func required(fields ...string) *node { return &node{Required: fields} }

// each is required for each field on its own.
func each(fields []string) []*node {
	all := make([]*node, len(fields))
	for i, f := range fields {
		all[i] = required(f)
	}
	return all
}

// describe says what a schema is of. Kubernetes has no Markdown.
func (b *builder) describe(n *node, text string) {
	n.Description = strings.ReplaceAll(text, "`", "")
	if n.Description != text && !b.structural {
		n.Markdown = text
	}
}

// field returns the schema of a field's value, with what is said of the field.
func (b *builder) field(f grammar.Field) *node {
	n := b.value(f.Value)
	b.describe(n, f.Says)
	if f.Default == "" || b.structural { // Kubernetes would write it into the document
		return n
	}
	n.Default = mustValue(f.Default)
	if s := f.Value.Scalar; s != nil && (s.Form == grammar.Integer || s.Form == grammar.Boolean) {
		n.Default = []byte(f.Default)
	}
	return n
}

// value returns the schema of what may be of several types: which of them is there says what is
// wrong with it.
func (b *builder) value(v grammar.Value) *node {
	forms := b.forms(v)
	switch {
	case len(forms) == 1:
		return forms[0]
	case b.structural:
		return &node{PreserveUnknown: true}
	case len(forms) == 0:
		return &node{}
	}
	n := forms[len(forms)-1]
	for _, form := range slices.Backward(forms[:len(forms)-1]) {
		is := form.Type
		if form.Ref != "" {
			is = "object"
		}
		n = &node{If: &node{Type: is}, Then: form, Else: n}
	}
	if v.Scalar != nil { // editors propose nothing of what is below a condition
		n.Examples = slices.Concat(v.Scalar.Examples, v.Scalar.Enum)
	}
	return n
}

// forms returns a schema for each type of a value.
func (b *builder) forms(v grammar.Value) []*node {
	var all []*node
	if v.Object != nil {
		all = append(all, b.object(v.Object))
	}
	if m := v.Map; m != nil {
		all = append(all, b.names(m))
	}
	if l := v.List; l != nil {
		all = append(all, b.list(l))
	}
	if v.Scalar != nil {
		all = append(all, b.scalar(v.Scalar))
	}
	return all
}

// names returns the schema of a mapping whose names the writer chooses.
func (b *builder) names(m *grammar.Map) *node {
	n := &node{Type: "object", MinProperties: m.Least, AdditionalProperties: b.value(m.Of)}
	if !b.structural {
		n.PropertyNames = b.scalar(m.Name)
	}
	return n
}

func (b *builder) list(l *grammar.List) *node {
	return &node{
		Type: "array", Items: b.value(l.Of),
		MinItems: l.Least, MaxItems: l.Most, UniqueItems: l.Unique && !b.structural, // which Kubernetes refuses
	}
}
