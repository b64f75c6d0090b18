package format_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// TestCorpus holds for every document that is read: its form says the same, is its own form, and has
// every field in its place. Together they have every field that the grammar knows.
func TestCorpus(t *testing.T) {
	o := ordered{t: t, seen: map[string]bool{}}
	g := syntax.Grammar()
	for name, text := range corpus(t) {
		got := source(t, name, text)
		if before, after := documents(t, text), documents(t, got); !reflect.DeepEqual(before, after) {
			t.Errorf("%s\nbecomes\n%s\nwhich says something else:\n%+v\n%+v", text, got, before, after)
		}
		for _, n := range nodes(t, got) {
			o.value(n, shapeOf(g, n), got)
		}
	}
	for _, object := range g.Objects() {
		for _, f := range object.Fields {
			if !o.seen[object.What+" "+f.Name] {
				t.Errorf("no document of the corpus has %s in %s", f.Name, object.What)
			}
		}
	}
}

// source formats a document, and holds that the result is its own form.
func source(t *testing.T, name, text string) string {
	t.Helper()
	got, err := format.Source(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := format.Source(name, got)
	if err != nil || string(again) != string(got) {
		t.Fatalf("%s: the form\n%shas another one:\n%s%v", name, got, again, err)
	}
	return string(got)
}

// ordered looks at the fields of documents.
type ordered struct {
	t    *testing.T
	seen map[string]bool
}

func (o *ordered) value(n *tree.Node, v grammar.Value, text string) {
	for i := range n.Items {
		if n.Kind == tree.List {
			o.value(&n.Items[i], below(v, ""), text)
		}
	}
	last := -1
	for key, value := range n.Fields() {
		o.value(value, below(v, key.Text), text)
		if v.Object == nil {
			continue
		}
		o.seen[v.Object.What+" "+key.Text] = true
		at := slices.IndexFunc(v.Object.Fields, func(f grammar.Field) bool { return f.Name == key.Text })
		if at <= last {
			o.t.Errorf("%s stands in the wrong place in line %d of\n%s", key.Text, key.Line, text)
		}
		last = at
	}
}

// TestFaults: what is not read is not formatted, and what is said of it is said by package syntax.
func TestFaults(t *testing.T) {
	for _, text := range []string{"", "a: b\n", "a: [\n", "\tkind: x\n", "a: &b c\n", "a: *b\n", "\xff\n", "apiVersion: v1\nkind: Pod\n", "# a\n", "a: b\na: c\n", "%YAML 1.2\n"} {
		got, err := format.Source("x.yaml", []byte(text))
		_, want := syntax.Parse("x.yaml", []byte(text))
		if got != nil || err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%q: %q, %v, want %v", text, got, err, want)
		}
	}
}
