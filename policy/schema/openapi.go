package schema

import "github.com/postern/postern/policy/syntax/grammar"

// OpenAPI returns the structural schema of documents of one kind, as a CustomResourceDefinition
// has it under openAPIV3Schema. An error says which kinds there are.
//
// It has no references and takes no field that JSON Schema refuses. Where a value may be a scalar
// or a mapping Kubernetes can say nothing of it, so whoever admits such objects reads them as
// Postern does.
func OpenAPI(kind string) ([]byte, error) {
	g, k, err := find(kind)
	if err != nil {
		return nil, err
	}
	b := builder{structural: true}
	s := &node{Type: "object"}
	b.describe(s, k.Spec.Says)
	for _, f := range g.Document.Fields {
		p := property{f.Name, &node{Type: "string"}}
		b.describe(p.schema, f.Says)
		switch f.Name {
		case "metadata": // of which Kubernetes has a schema of its own
			p.schema = &node{Type: "object"}
		case "spec":
			p.schema = b.object(k.Spec)
		}
		s.Properties = append(s.Properties, p)
		if f.Need == grammar.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s.mustEncode(), nil
}
