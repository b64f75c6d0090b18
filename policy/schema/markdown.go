package schema

import (
	"strings"

	"github.com/postern/postern/policy/syntax/grammar"
)

// Markdown returns a table of an object's fields in their order: whether each is required or what
// it is by default, and what is said of it.
func Markdown(o *grammar.Object) string {
	var b strings.Builder
	b.WriteString("| field | | |\n|---|---|---|\n")
	for _, f := range o.Fields {
		b.WriteString("| `" + f.Name + "` |" + cell(need(o, f)) + cell(f.Says) + "\n")
	}
	return b.String()
}

func cell(text string) string {
	if text == "" {
		return " |"
	}
	return " " + strings.ReplaceAll(text, "|", `\|`) + " |"
}

// need says whether a field has to be there.
func need(o *grammar.Object, f grammar.Field) string {
	c, chosen := o.Choice(f.Name)
	switch {
	case f.Need == grammar.Required, chosen && c.Need == grammar.Required && len(c.Fields) == 1:
		return "required"
	case chosen && c.Need == grammar.Required:
		return "exactly one of " + codes(c.Fields)
	case chosen:
		return "at most one of " + codes(c.Fields)
	case f.Default != "":
		return "default `" + f.Default + "`"
	case len(f.With) > 0:
		return "with " + codes(f.With)
	}
	return ""
}

func codes(fields []string) string { return "`" + strings.Join(fields, "`, `") + "`" }
