package schema_test

import (
	"slices"
	"testing"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax"
)

// TestOpenAPI holds each kind's schema to the rules for structural schemas, and to the documents
// that are read.
func TestOpenAPI(t *testing.T) {
	for _, k := range syntax.Grammar().Kinds {
		text, err := schema.OpenAPI(k.Name)
		if err != nil {
			t.Fatal(err)
		}
		checkStructural(t, k.Name, decode(t, text).(map[string]any))
		s := compile(t, text)
		for _, d := range accepted(t) {
			if err := s.Validate(d); d["kind"] == k.Name && err != nil {
				t.Errorf("%s\nis read, and %v", encode(t, d), err)
			}
		}
		if s.Validate(map[string]any{"apiVersion": "a", "kind": "b", "metadata": map[string]any{}, "spec": "c"}) == nil {
			t.Errorf("a %s without a spec is good", k.Name)
		}
	}
}

// checkStructural holds a schema to what Kubernetes asks of it ("Specifying a structural schema").
func checkStructural(t *testing.T, at string, s map[string]any) {
	t.Helper()
	known := []string{
		"description", "type", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "items", "minItems", "maxItems",
		"properties", "required", "minProperties", "additionalProperties", "allOf", "x-kubernetes-preserve-unknown-fields",
	}
	for keyword := range s {
		if !slices.Contains(known, keyword) {
			t.Errorf("%s: Kubernetes does not take %s here", at, keyword)
		}
	}
	_, isText := s["type"].(string)
	if kept := s["x-kubernetes-preserve-unknown-fields"] == true; isText == kept {
		t.Errorf("%s: the type is %v", at, s["type"])
	}
	fields, _ := s["properties"].(map[string]any)
	if fields != nil && s["additionalProperties"] != nil {
		t.Errorf("%s: properties beside additionalProperties", at)
	}
	for name, below := range fields {
		checkStructural(t, at+"."+name, below.(map[string]any))
	}
	for _, keyword := range []string{"items", "additionalProperties"} {
		if below, ok := s[keyword].(map[string]any); ok {
			checkStructural(t, at+"."+keyword, below)
		}
	}
	if s["type"] == "array" && s["items"] == nil {
		t.Errorf("%s: a list of what?", at)
	}
	checkLogic(t, at, fields, s)
}

// checkLogic holds that what stands below the logical keywords says only which fields are there.
func checkLogic(t *testing.T, at string, fields, s map[string]any) {
	t.Helper()
	for _, name := range list(s["required"]) {
		if fields[name.(string)] == nil {
			t.Errorf("%s requires %v, which it has not", at, name)
		}
	}
	below := append(list(s["allOf"]), append(list(s["anyOf"]), list(s["oneOf"])...)...)
	if s["not"] != nil {
		below = append(below, s["not"])
	}
	for _, one := range below {
		one := one.(map[string]any)
		for keyword := range one {
			if !slices.Contains([]string{"required", "allOf", "anyOf", "oneOf", "not"}, keyword) {
				t.Errorf("%s: %s below a logical keyword", at, keyword)
			}
		}
		checkLogic(t, at, fields, one)
	}
}

func list(v any) []any {
	all, _ := v.([]any)
	return slices.Clone(all)
}
