package schema

import (
	"fmt"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
)

// dialect is the version of JSON Schema that is written.
const dialect = "https://json-schema.org/draft/2020-12/schema"

// All returns the JSON Schema of documents of every kind. It goes by the kind of a document first,
// so that what is wrong with it is said by the schema of that kind alone.
func All() []byte {
	g := syntax.Grammar()
	b := builder{}
	s := b.document(g)
	for _, k := range g.Kinds {
		s.AllOf = append(s.AllOf, &node{
			If:   &node{Properties: properties{{"kind", &node{Const: mustValue(k.Name)}}}, Required: []string{"kind"}},
			Then: &node{Properties: properties{{"metadata", metadata(k)}, {"spec", b.object(k.Spec)}}},
		})
	}
	s.Defs = b.defs
	return s.mustEncode()
}

// Kind returns the JSON Schema of documents of one kind. An error says which kinds there are.
func Kind(name string) ([]byte, error) {
	g, k, err := find(name)
	if err != nil {
		return nil, err
	}
	b := builder{}
	s := b.document(g)
	s.Title = k.Name
	b.describe(s, k.Spec.Says)
	s.Properties.of("kind").Enum = values(k.Name)
	s.Properties.of("metadata").AllOf = []*node{metadata(k)}
	s.Properties.of("spec").Ref = b.object(k.Spec).Ref
	s.Defs = b.defs
	return s.mustEncode(), nil
}

// find returns the kind of this name, and the grammar that it is of.
func find(name string) (*grammar.Grammar, grammar.Kind, error) {
	g := syntax.Grammar()
	if k, ok := g.Kind(name); ok {
		return g, k, nil
	}
	names := make([]string, len(g.Kinds))
	for i, k := range g.Kinds {
		names[i] = k.Name
	}
	return nil, grammar.Kind{}, fmt.Errorf("there is no kind %q: the kinds are %s", name, strings.Join(names, ", "))
}

// document is what every document has. Its spec may be anything yet.
func (b *builder) document(g *grammar.Grammar) *node {
	s := b.mapping(g.Document)
	s.Dialect, s.Title = dialect, "Postern"
	return s
}

// metadata is what a kind says of its metadata beside what all of them say.
func metadata(k grammar.Kind) *node {
	switch k.Namespace {
	case grammar.Required:
		return &node{Required: []string{"namespace"}}
	case grammar.Refused:
		return &node{Properties: properties{{"namespace", never}}}
	case grammar.Optional:
	}
	return &node{}
}
