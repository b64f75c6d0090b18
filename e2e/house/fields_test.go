package house_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
)

// fieldsOf begins, and endOfFields ends, a table of the documentation that is made of what reads
// policies: <!-- fields: a route --> ... <!-- end -->.
const (
	fieldsOf    = "<!-- fields: "
	endOfFields = "<!-- end -->"
)

// inProse are the objects that need no table: what they may hold is said with the field that they
// stand behind, or in the table of another that has the same fields.
var inProse = []string{
	"a document", "metadata", "subjects", "clients", "audiences", "scopes", "roles", "acr", "amr", "a header", "shadow", "ca",
	"a deny", "the deny of a guardrail", "a require", "a caller", "a case",
}

// TestTheTablesOfFieldsAreThoseOfTheReader holds every table between markers to the grammar, and
// that every object has one. After a change that is meant: go test ./e2e/house -run Fields -update.
func TestTheTablesOfFieldsAreThoseOfTheReader(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root(), "docs", "*.md"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d pages: %v", len(names), err)
	}
	objects, placed := syntax.Grammar().Objects(), map[string]bool{}
	for _, name := range names {
		was := read(t, name)
		is := withTables(t, filepath.Base(name), was, objects, placed)
		switch {
		case is == was:
		case *update:
			if err := os.WriteFile(name, []byte(is), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s has tables that are not those of the reader. If a change is meant: go test ./e2e/house -run Fields -update\n%s",
				filepath.Base(name), difference(was, is))
		}
	}
	if len(placed) == 0 {
		t.Skip("no page has such tables")
	}
	for _, o := range objects {
		if !placed[o.What] && !slices.Contains(inProse, o.What) {
			t.Errorf("no page has %s%s -->", fieldsOf, o.What)
		}
	}
}

// withTables puts the tables between the markers of a page, and notes which.
func withTables(t *testing.T, name, text string, objects []*grammar.Object, placed map[string]bool) string {
	t.Helper()
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, fieldsOf)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		what, rest, closed := strings.Cut(rest, " -->\n")
		_, after, ended := strings.Cut(rest, endOfFields)
		i := slices.IndexFunc(objects, func(o *grammar.Object) bool { return o.What == what })
		if !closed || !ended || i < 0 {
			t.Fatalf("%s: %s%s --> is of no object of the grammar, or has no %s", name, fieldsOf, what, endOfFields)
		}
		placed[what] = true
		b.WriteString(fieldsOf + what + " -->\n" + schema.Markdown(objects[i]) + endOfFields)
		text = after
	}
}
