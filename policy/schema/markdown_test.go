package schema_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax/grammar"
)

func TestMarkdown(t *testing.T) {
	o := &grammar.Object{
		Fields: []grammar.Field{
			{Name: "a", Need: grammar.Required, Says: "One."},
			{Name: "b", Says: "Two | three."},
			{Name: "c", Default: "5m", Says: "Four."},
			{Name: "d", With: []string{"a", "b"}, Says: "Five."},
			{Name: "e", Says: "Six."},
			{Name: "f", Says: "Seven."},
			{Name: "g", Says: "Eight."},
			{Name: "h", Says: "Nine."},
			{Name: "i", Says: "Ten."},
		},
		Choices: []grammar.Choice{
			{Fields: []string{"e", "f"}, Need: grammar.Required},
			{Fields: []string{"g", "h"}},
			{Fields: []string{"i"}, Need: grammar.Required},
		},
	}
	want := strings.Join([]string{
		"| field | | |",
		"|---|---|---|",
		"| `a` | required | One. |",
		"| `b` | | Two \\| three. |",
		"| `c` | default `5m` | Four. |",
		"| `d` | with `a`, `b` | Five. |",
		"| `e` | exactly one of `e`, `f` | Six. |",
		"| `f` | exactly one of `e`, `f` | Seven. |",
		"| `g` | at most one of `g`, `h` | Eight. |",
		"| `h` | at most one of `g`, `h` | Nine. |",
		"| `i` | required | Ten. |",
	}, "\n") + "\n"
	if got := schema.Markdown(o); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
