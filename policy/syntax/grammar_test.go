package syntax_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
)

// TestGrammar holds what the tables promise: that they are whole, and that they agree with
// themselves.
func TestGrammar(t *testing.T) {
	for _, o := range syntax.Grammar().Objects() {
		var names []string
		for _, f := range o.Fields {
			if f.Name == "" || slices.Contains(names, f.Name) || f.Need == grammar.Refused {
				t.Errorf("%s has the field %q", o.What, f.Name)
			}
			names = append(names, f.Name)
			checkValue(t, f.Name+" of "+o.What, f.Value)
		}
		if len(names) == 0 || len(names) > 32 { // a shape has a bit for each
			t.Errorf("%s has %d fields", o.What, len(names))
		}
		chosen := slices.Clone(o.Some)
		seen := map[string]bool{}
		for _, c := range o.Choices {
			for _, field := range c.Fields {
				if seen[field] {
					t.Errorf("%s of %s is in two choices", field, o.What)
				}
				seen[field] = true
			}
			chosen = append(chosen, c.Fields...)
		}
		for _, f := range o.Fields {
			chosen = append(chosen, f.With...)
		}
		for _, field := range chosen {
			if f, ok := o.Field(field); !ok || f.Need == grammar.Required {
				t.Errorf("%s of %s is no field that there is a choice of", field, o.What)
			}
		}
	}
}

func checkValue(t *testing.T, at string, v grammar.Value) {
	t.Helper()
	if v.Object != nil && v.Map != nil {
		t.Errorf("%s is a mapping in two ways", at)
	}
	if v.List != nil {
		checkValue(t, at, v.List.Of)
	}
	if v.Map != nil {
		checkScalar(t, at, v.Map.Name)
		checkValue(t, at, v.Map.Of)
	}
	if v.Scalar != nil {
		checkScalar(t, at, v.Scalar)
	}
}

func checkScalar(t *testing.T, at string, s *grammar.Scalar) {
	t.Helper()
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	for _, example := range append(slices.Clone(s.Examples), s.Enum...) {
		if !pattern.MatchString(example) {
			t.Errorf("%s: %q does not match %s", at, example, s.Pattern)
		}
	}
	if s.Form == grammar.Integer && s.Least >= s.Most || s.Form != grammar.Text && (s.Pattern != "" || s.Enum != nil) {
		t.Errorf("%s: %+v", at, s)
	}
}

// TestGrammarIsACopy holds that nobody changes what documents are read by.
func TestGrammarIsACopy(t *testing.T) {
	g := syntax.Grammar()
	for _, o := range g.Objects() {
		o.Fields = nil
	}
	g.Kinds[0].Name = "Other"
	if again := syntax.Grammar(); again.Kinds[0].Name != "ServicePolicy" || len(again.Kinds[0].Spec.Fields) == 0 {
		t.Error("the tables were changed")
	}
	parse(t, shop)
}
