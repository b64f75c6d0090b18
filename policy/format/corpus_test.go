package format_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
	"github.com/rogpeppe/go-internal/txtar"
)

// corpus returns documents that are read: those of the tests of package syntax, of the
// documentation and of the demo, by where they are from.
func corpus(tb testing.TB) map[string]string {
	tb.Helper()
	all := map[string]string{}
	for _, path := range glob(tb, "../syntax/testdata/*.txtar") {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		for i := 1; i+1 < len(archive.Files); i += 2 {
			if text, says := archive.Files[i], archive.Files[i+1]; says.Name == "says" && len(says.Data) == 0 {
				all[path+" "+text.Name] = strings.Replace(string(archive.Files[0].Data), "CASE\n", string(text.Data), 1)
			}
		}
	}
	for _, path := range append(glob(tb, "../../docs/*.md"), "../../README.md") {
		for i, text := range strings.Split(read(tb, path), "\n```yaml\n")[1:] {
			text, _, _ = strings.Cut(text, "\n```")
			all[path+" example "+strconv.Itoa(i+1)] = text + "\n"
		}
	}
	for _, path := range append(glob(tb, "../../e2e/demo/policies/*.yaml"), "testdata/rest.yaml") {
		all[path] = read(tb, path)
	}
	for name, text := range all {
		if _, err := syntax.Parse(name, []byte(text)); err != nil {
			delete(all, name) // it is about something else
		}
	}
	if len(all) < 30 {
		tb.Fatalf("only %d documents are read", len(all))
	}
	return all
}

func glob(tb testing.TB, pattern string) []string {
	tb.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		tb.Fatalf("%s: %d files: %v", pattern, len(paths), err)
	}
	return paths
}

func read(tb testing.TB, path string) string {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// documents parses a text, and leaves out of what it says where it says it, and in which form.
func documents(tb testing.TB, text string) []syntax.Document {
	tb.Helper()
	all, err := syntax.Parse("x", []byte(text))
	if err != nil {
		tb.Fatalf("%s\nis not read: %v", text, err)
	}
	strip(reflect.ValueOf(all))
	return all
}

// strip clears positions, digests of the text, and whether a condition was in quotes.
func strip(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			strip(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			strip(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f, name := v.Field(i), v.Type().Field(i).Name
			switch {
			case !f.CanSet():
			case f.Type() == reflect.TypeFor[syntax.Position](), name == "Digest", name == "Plain", name == "At":
				f.SetZero()
			default:
				strip(f)
			}
		}
	default:
	}
}

// nodes returns the documents of a text as they are written.
func nodes(tb testing.TB, text string) []*tree.Node {
	tb.Helper()
	parts, faults := tree.Split([]byte(text))
	var all []*tree.Node
	for _, p := range parts {
		n, more := tree.Read(p)
		faults = append(faults, more...)
		all = append(all, n)
	}
	if len(faults) > 0 {
		tb.Fatalf("%s\nis not read: %v", text, faults[0])
	}
	return all
}

// shapeOf returns what the grammar says of a document.
func shapeOf(g *grammar.Grammar, n *tree.Node) grammar.Value {
	document := *g.Document
	document.Fields = append([]grammar.Field(nil), document.Fields...)
	for key, value := range n.Fields() {
		if kind, ok := g.Kind(value.Text); key.Text == "kind" && ok {
			for i := range document.Fields {
				if document.Fields[i].Name == "spec" {
					document.Fields[i].Value.Object = kind.Spec
				}
			}
		}
	}
	return grammar.Value{Object: &document}
}

// below returns what the grammar says of a field, or with "" of an item.
func below(v grammar.Value, field string) grammar.Value {
	switch {
	case field == "" && v.List != nil:
		return v.List.Of
	case field != "" && v.Map != nil:
		return v.Map.Of
	case field != "" && v.Object != nil:
		f, _ := v.Object.Field(field)
		return f.Value
	}
	return grammar.Value{}
}
