package format_test

import (
	"flag"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/tree"
	"go.yaml.in/yaml/v3"
)

// fragments are what documents are made of, right or wrong.
var fragments = []string{
	"a", "b: ", "c:", "- ", "-", "\n", "\n", "\n  ", "\n    ", "\n ", " ", "[", "]", "{", "}", ", ", ",", ": ", ":", "'", "''", "\"", "\\n", "\\",
	"|", ">", "|-", ">+", "|+", "---", "\n---\n", "~", "1", "é", "a: b", "- a", "[a, b]", "{a: b}", "a: [b]", "\"a\"", "'b'", "a: |\n  b", "\n\n", "\u00a0", "\"a b\"", "\"[x\"",
	" # 1", " # 2", "\n# 3\n", "\n  # 4\n", "\n    # 5\n", "\n- b: c\n", "\n- d\n", "\n  e: f\n", "\n  - g\n", "\ni: j\n", "k: # 6\n", "[ # 7\n", "- # 8\n", "\r\n",
}

// tries is how many random texts are made: go test -texts 1000000 takes a while.
var tries = flag.Int("texts", 15_000, "how many random texts to lay out")

// TestRandomTexts puts fragments together. Most texts are refused; enough are not.
func TestRandomTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	count := 0
	for range *tries {
		var text strings.Builder
		for range 1 + random.IntN(14) {
			text.WriteString(fragments[random.IntN(len(fragments))])
		}
		if isRead(text.String()) {
			count++
			check(t, text.String())
		}
	}
	if count < *tries/20 {
		t.Errorf("only %d texts were read", count)
	}
}

// FuzzLayOut is of texts of any kind that package tree reads.
func FuzzLayOut(f *testing.F) {
	for _, s := range []string{
		"a: {b: c, # d\n e: [f, g]}  # h\n# i\n\nj: k\n", "a:\n  - b: |+\n      c\n\n    # d\n  # e\nf: g # h\n     # i\n", "- # a\n  b: c\n  # d\n- - e # f\n  - g\n",
		"a: >-\n  b\n  c\n\n   d\n", "# a\n---\n{b: {c: d, # e\n}}\n--- # f\ng: # h\n  # i\n  j\n", "a: 'b''c\"\\'\nd: \"\\x41\\u2028\"\r\n", "kind: ServicePolicy\nspec: {routes: [], # a\nworkloads: b}\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if isRead(text) {
			check(t, text)
		}
	})
}

// FuzzSource is of texts of which some are policies.
func FuzzSource(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := syntax.Parse("x", []byte(text)); err != nil {
			if got, err := format.Source("x", []byte(text)); got != nil || err == nil {
				t.Fatalf("%q is no policy, and formatted as %q", text, got)
			}
			return
		}
		got := source(t, "x", text)
		if !reflect.DeepEqual(documents(t, text), documents(t, got)) {
			t.Fatalf("%q\nsays something else than\n%q", got, text)
		}
	})
}

// isRead says whether package tree reads a text, whatever it is about.
func isRead(text string) bool {
	parts, faults := tree.Split([]byte(text))
	for _, p := range parts {
		_, more := tree.Read(p)
		faults = append(faults, more...)
	}
	return len(parts) > 0 && len(faults) == 0
}

// check holds what must be true of the form of every text that package tree reads.
func check(t *testing.T, text string) {
	t.Helper()
	got, ok := format.LayOut(text)
	if !ok || !isRead(got) {
		t.Fatalf("%q\nbecomes something else:\n%q", text, got)
	}
	if again, ok := format.LayOut(got); !ok || again != got {
		t.Fatalf("%q\nhas the form\n%q\nwhich has the form\n%q", text, got, again)
	}
	before, after := comments(strings.ReplaceAll(text, "\r\n", "\n")), comments(got)
	if strings.Contains(text, "kind") || strings.Contains(text, "spec") || strings.Contains(text, "metadata") || strings.Contains(text, "apiVersion") {
		slices.Sort(before) // fields moved
		slices.Sort(after)
	}
	if !slices.Equal(before, after) {
		t.Fatalf("%q\nbecomes\n%q\nwith other comments, or in another order:\n%q\n%q", text, got, before, after)
	}
	if !slices.EqualFunc(readElsewhere(t, text), readElsewhere(t, got), same) {
		t.Fatalf("%q\nis read elsewhere in another way than\n%q", text, got)
	}
	if !strings.ContainsAny(got, "|>") {
		checkLines(t, got)
	}
}

func comments(text string) []string {
	var all []string
	for _, c := range format.Remarks(text) {
		all = append(all, c.Text)
	}
	return all
}

// readElsewhere reads the documents of a text with another reader of YAML.
func readElsewhere(t *testing.T, text string) []*yaml.Node {
	t.Helper()
	parts, _ := tree.Split([]byte(text))
	var all []*yaml.Node
	for _, p := range parts {
		var n yaml.Node
		if err := yaml.Unmarshal(p.Text, &n); err != nil {
			t.Fatalf("%q is not read elsewhere: %v", text, err)
		}
		all = append(all, n.Content...)
	}
	return all
}

// same compares values, the fields of mappings in any order.
func same(a, b *yaml.Node) bool {
	if a.Kind != yaml.MappingNode {
		return a.Kind == b.Kind && a.ShortTag() == b.ShortTag() && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
	}
	for i := 0; i < len(a.Content) && len(a.Content) == len(b.Content); i += 2 {
		at := 0
		for at < len(b.Content) && b.Content[at].Value != a.Content[i].Value {
			at += 2
		}
		if at == len(b.Content) || !same(a.Content[i], b.Content[at]) || !same(a.Content[i+1], b.Content[at+1]) {
			return false
		}
	}
	return a.Kind == b.Kind && len(a.Content) == len(b.Content)
}

// checkLines holds what the form says of lines where no text below | or > may have others.
func checkLines(t *testing.T, got string) {
	t.Helper()
	for line := range strings.Lines(got) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Fatalf("%q has spaces at the end of a line, or no end of its last", got)
		}
	}
	if strings.Contains(got, "\n\n\n") || strings.HasPrefix(got, "\n") || strings.HasSuffix(got, "\n\n") {
		t.Fatalf("%q has blank lines where none are", got)
	}
}
