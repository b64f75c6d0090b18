package grammar_test

import (
	"reflect"
	"testing"

	"github.com/postern/postern/policy/syntax/grammar"
)

// small is a grammar in which every sort of value occurs, and one object in two places.
func small() *grammar.Grammar {
	word := &grammar.Scalar{Pattern: "^x", Enum: []string{"x"}, Examples: []string{"x"}}
	leaf := &grammar.Object{What: "a leaf", Fields: []grammar.Field{{Name: "word", Value: grammar.Value{Scalar: word}, With: []string{"other"}}}}
	spec := &grammar.Object{
		What: "a spec",
		Fields: []grammar.Field{
			{Name: "one", Value: grammar.Value{Object: leaf}},
			{Name: "list", Value: grammar.Value{Scalar: word, List: &grammar.List{Of: grammar.Value{Object: leaf}, Least: 1}}},
			{Name: "names", Value: grammar.Value{Map: &grammar.Map{Name: word, Of: grammar.Value{Object: &grammar.Object{What: "a branch"}}}}},
			{Name: "anything"},
		},
		Choices: []grammar.Choice{{Fields: []string{"one", "list"}, Need: grammar.Required}},
		Some:    []string{"one"},
	}
	return &grammar.Grammar{
		APIVersion: "v1", Document: &grammar.Object{What: "a document"},
		Kinds: []grammar.Kind{{Name: "Tree", Namespace: grammar.Refused, Spec: spec}, {Name: "Bush"}},
	}
}

func TestObjects(t *testing.T) {
	var names []string
	for _, o := range small().Objects() {
		names = append(names, o.What)
	}
	if want := []string{"a document", "a spec", "a leaf", "a branch"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestLookups(t *testing.T) {
	g := small()
	tree, ok := g.Kind("Tree")
	if !ok || tree.Namespace != grammar.Refused {
		t.Errorf("%+v %v", tree, ok)
	}
	if none, ok := g.Kind("tree"); ok || none.Spec != nil {
		t.Errorf("%+v", none)
	}
	if f, ok := tree.Spec.Field("list"); !ok || f.Value.List == nil {
		t.Errorf("%+v %v", f, ok)
	}
	if f, ok := tree.Spec.Field("lists"); ok || f.Name != "" {
		t.Errorf("%+v", f)
	}
	if c, ok := tree.Spec.Choice("list"); !ok || len(c.Fields) != 2 {
		t.Errorf("%+v %v", c, ok)
	}
	if c, ok := tree.Spec.Choice("names"); ok || c.Fields != nil {
		t.Errorf("%+v", c)
	}
}

// TestClone holds that a copy is equal, shares nothing that can be changed, and has one object
// where the original has one.
func TestClone(t *testing.T) {
	g := small()
	c := g.Clone()
	if !reflect.DeepEqual(g, c) {
		t.Fatal("the copy differs")
	}
	if at := shared(reflect.ValueOf(g), reflect.ValueOf(c), "g"); at != "" {
		t.Errorf("%s is shared", at)
	}
	spec := c.Kinds[0].Spec
	if spec.Fields[0].Value.Object != spec.Fields[1].Value.List.Of.Object {
		t.Error("one object became two")
	}
}

// shared returns where two values of one type have memory in common, or "".
func shared(a, b reflect.Value, at string) string {
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice:
		if a.IsNil() {
			return ""
		}
		if a.Pointer() == b.Pointer() && (a.Kind() == reflect.Pointer || a.Len() > 0) {
			return at
		}
		if a.Kind() == reflect.Pointer {
			return shared(a.Elem(), b.Elem(), at)
		}
		for i := range a.Len() {
			if found := shared(a.Index(i), b.Index(i), at+"[]"); found != "" {
				return found
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if found := shared(a.Field(i), b.Field(i), at+"."+a.Type().Field(i).Name); found != "" {
				return found
			}
		}
	default:
	}
	return ""
}
