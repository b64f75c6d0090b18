package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax/tree"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// compile reads a schema as an editor does, by a validator that holds it to the specification.
func compile(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("postern.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("postern.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func all(t testing.TB) *jsonschema.Schema { return compile(t, schema.All()) }

// A place is a line and a column of a text.
type place struct{ line, column int32 }

// An instance is one document as a validator sees it, and where its values and keys stand.
type instance struct {
	value  any
	values map[string]place // by JSON pointer
	keys   map[string]place
}

// instances reads a text as YAML 1.2, as editors do. What is not YAML is left out, as is the second
// of two fields of one name.
func instances(text []byte) (all []*instance) {
	parts, _ := tree.Split(text)
	for _, p := range parts {
		root, _ := tree.Read(p)
		if root == nil {
			continue
		}
		in := &instance{values: map[string]place{}, keys: map[string]place{}}
		in.value = in.read(root, "")
		all = append(all, in)
	}
	return all
}

func (in *instance) read(n *tree.Node, at string) any {
	in.values[at] = place{n.Line, n.Column}
	switch n.Kind {
	case tree.Nothing:
		return nil
	case tree.List:
		list := make([]any, len(n.Items))
		for i := range n.Items {
			list[i] = in.read(&n.Items[i], fmt.Sprintf("%s/%d", at, i))
		}
		return list
	case tree.Mapping:
		object := map[string]any{}
		for key, value := range n.Fields() {
			below := at + "/" + key.Text
			if _, repeated := object[key.Text]; repeated {
				continue
			}
			in.keys[below] = place{key.Line, key.Column}
			object[key.Text] = in.read(value, below)
		}
		return object
	default:
		return scalar(n)
	}
}

// scalar goes by the core schema of YAML 1.2, in which yes is a string and so is a date.
func scalar(n *tree.Node) any {
	number := json.Number(n.Text)
	switch _, err := number.Float64(); {
	case n.Quoted:
		return n.Text
	case n.Text == "true" || n.Text == "false":
		return n.Text == "true"
	case n.Text == "null" || n.Text == "~":
		return nil
	case err == nil && json.Valid([]byte(n.Text)):
		return number
	}
	return n.Text
}

// faults returns the places that a schema finds fault with.
func (in *instance) faults(s *jsonschema.Schema) map[place]string {
	err := s.Validate(in.value)
	if err == nil {
		return nil
	}
	found := map[place]string{}
	if v, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		in.collect(v, found)
	}
	return found
}

// collect takes the innermost errors: what is behind the others.
func (in *instance) collect(v *jsonschema.ValidationError, found map[place]string) {
	at := ""
	for _, part := range v.InstanceLocation {
		at += "/" + part
	}
	switch k := v.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found[in.keys[at+"/"+name]] = v.Error()
		}
	case *kind.PropertyNames: // whose location the validator mixes up
		for key, p := range in.keys {
			if strings.HasSuffix(key, "/"+k.Property) {
				found[p] = v.Error()
			}
		}
		return
	case *kind.OneOf, *kind.Not: // said of the mapping, and by the reader of the second field that is too many
		found[in.values[at]] = v.Error()
		for key, p := range in.keys {
			if strings.HasPrefix(key, at+"/") && !strings.Contains(key[len(at)+1:], "/") {
				found[p] = v.Error()
			}
		}
	default:
		if len(v.Causes) == 0 {
			found[in.values[at]] = v.Error()
		}
	}
	for _, cause := range v.Causes {
		in.collect(cause, found)
	}
}
