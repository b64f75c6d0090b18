package grammar

import "slices"

// Kind returns the kind of this name; ok is false when there is none.
func (g *Grammar) Kind(name string) (k Kind, ok bool) {
	i := slices.IndexFunc(g.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return g.Kinds[i], true
}

// Field returns the field of this name; ok is false when there is none.
func (o *Object) Field(name string) (f Field, ok bool) {
	i := slices.IndexFunc(o.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return o.Fields[i], true
}

// Choice returns the choice that a field is in; ok is false when there is none.
func (o *Object) Choice(field string) (c Choice, ok bool) {
	i := slices.IndexFunc(o.Choices, func(c Choice) bool { return slices.Contains(c.Fields, field) })
	if i < 0 {
		return Choice{}, false
	}
	return o.Choices[i], true
}

// Objects returns every object once, each before those below it.
func (g *Grammar) Objects() []*Object {
	var all []*Object
	add := func(o *Object) bool {
		if slices.Contains(all, o) {
			return false
		}
		all = append(all, o)
		return true
	}
	g.Document.walk(add)
	for _, k := range g.Kinds {
		k.Spec.walk(add)
	}
	return all
}

// walk visits o and what is below it, as far as visit says true.
func (o *Object) walk(visit func(*Object) bool) {
	if o == nil || !visit(o) {
		return
	}
	for _, f := range o.Fields {
		f.Value.walk(visit)
	}
}

func (v Value) walk(visit func(*Object) bool) {
	v.Object.walk(visit)
	if v.List != nil {
		v.List.Of.walk(visit)
	}
	if v.Map != nil {
		v.Map.Of.walk(visit)
	}
}

// Clone returns a copy that shares nothing with g. What is one object in g is one in the copy.
func (g *Grammar) Clone() *Grammar {
	c := cloner{}
	kinds := slices.Clone(g.Kinds)
	for i := range kinds {
		kinds[i].Spec = c.object(kinds[i].Spec)
	}
	return &Grammar{APIVersion: g.APIVersion, Document: c.object(g.Document), Kinds: kinds}
}

// A cloner knows the copy of each object.
type cloner map[*Object]*Object

func (c cloner) object(o *Object) *Object {
	if o == nil || c[o] != nil {
		return c[o]
	}
	copied := &Object{What: o.What, Says: o.Says, Fields: slices.Clone(o.Fields), Choices: slices.Clone(o.Choices), Some: slices.Clone(o.Some)}
	c[o] = copied
	for i := range copied.Fields {
		f := &copied.Fields[i]
		f.With, f.Value = slices.Clone(f.With), c.value(f.Value)
	}
	for i := range copied.Choices {
		copied.Choices[i].Fields = slices.Clone(copied.Choices[i].Fields)
	}
	return copied
}

func (c cloner) value(v Value) Value {
	v.Object = c.object(v.Object)
	v.Scalar = v.Scalar.clone()
	if v.List != nil {
		list := *v.List
		list.Of = c.value(list.Of)
		v.List = &list
	}
	if v.Map != nil {
		named := *v.Map
		named.Name, named.Of = named.Name.clone(), c.value(named.Of)
		v.Map = &named
	}
	return v
}

func (s *Scalar) clone() *Scalar {
	if s == nil {
		return nil
	}
	copied := *s
	copied.Enum, copied.Examples = slices.Clone(s.Enum), slices.Clone(s.Examples)
	return &copied
}
