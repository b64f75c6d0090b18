package tree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/syntax/tree"
)

// divided shows pieces: the text of each, and its faults.
func divided(text string) []string {
	var all []string
	for _, p := range tree.Divide([]byte(text)) {
		s := string(p.Text)
		for _, f := range p.Faults {
			s += fmt.Sprintf("!%d:%d: %s", f.Line, f.Column, f.Message)
		}
		all = append(all, s)
	}
	return all
}

func TestDivide(t *testing.T) {
	const inline, dots, tab = `a document begins on the line below "---"`, `"..." is not supported: documents are separated by "---"`, `a tab: YAML is indented with spaces, and a quoted string spells it \t`
	for text, want := range map[string][]string{
		"":                                 {},
		"# nothing\n":                      {},
		"a: b\n":                           {"a: b\n"},
		"---\na: b\n---\n# x\n---\nc: d":   {"a: b\n", "c: d"},
		"a: b\n--- # why\nc: d\n":          {"a: b\n", "c: d\n"},
		"a: \xff\n---\nc: d\n":             {"a: \xff\n!1:4: a byte that is not UTF-8", "c: d\n"},
		"a: b\n---\nc:\td\n---\ne: f\n":    {"a: b\n", "c:\td\n!3:3: " + tab, "e: f\n"},
		"a: b\n--- {c: d}\n---\ne: f\n":    {"a: b\n", "--- {c: d}\n!2:1: " + inline, "e: f\n"},
		"a: b\n---\t\nc: d\n---\ne: f\n":   {"a: b\n", "---\t\nc: d\n!2:4: " + tab, "e: f\n"},
		"a: b\n--- # \xff\nc: d\n":         {"a: b\n", "--- # \xff\nc: d\n!2:7: a byte that is not UTF-8"},
		"a: b\n...\n---\nc: d\n":           {"a: b\n...\n!2:1: " + dots, "c: d\n"},
		"%YAML 1.2\n---\nc: d\n":           {"%YAML 1.2\n!1:1: directives are not supported", "c: d\n"},
		"\uFEFFa: b\n---\nc: d\n":          {"\uFEFFa: b\n!1:1: a byte order mark: save the file as UTF-8 without it", "c: d\n"},
		"a: b\r\n---\r\nc: d\r\n":          {"a: b\r\n", "c: d\r\n"},
		"---x: y\n---\nc: d\n":             {"---x: y\n", "c: d\n"},
		"# only a comment \x00\n---\na: b": {"# only a comment \x00\n!1:18: a control character (U+0000)", "a: b"},
	} {
		if got := divided(text); !slices.Equal(got, want) {
			t.Errorf("%q:\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// TestDividePositions holds that what is read of a piece, and what is wrong in it, has its place in
// the whole text.
func TestDividePositions(t *testing.T) {
	pieces := tree.Divide([]byte("a: \x01\n---\n\nb: c\n--- # x\nd: [\n"))
	if len(pieces) != 3 {
		t.Fatalf("%d pieces", len(pieces))
	}
	root, faults := tree.Read(pieces[1].Part)
	if len(faults) > 0 || root.Line != 4 {
		t.Errorf("line %d, %v", root.Line, faults)
	}
	if _, faults := tree.Read(pieces[2].Part); len(faults) != 1 || faults[0].Line != 6 || faults[0].Column != 4 {
		t.Errorf("%+v", faults)
	}
}

// TestDivideManyParts holds that a text of nothing but separators, or of too many documents, costs
// little.
func TestDivideManyParts(t *testing.T) {
	begin := time.Now()
	if got := tree.Divide([]byte(strings.Repeat("---\n", 1<<21))); len(got) != 0 {
		t.Errorf("%d pieces of separators", len(got))
	}
	const many = 400_000
	pieces := tree.Divide([]byte(strings.Repeat("a: b\n---\n", many)))
	last := pieces[len(pieces)-1]
	if len(pieces) != 10_001 || len(last.Faults) != 1 || last.Faults[0].Line != 20_001 || len(last.Text) != (many-10_000)*9 {
		t.Errorf("%d pieces, the last of %d bytes with the faults %v", len(pieces), len(last.Text), last.Faults)
	}
	if d := time.Since(begin); d > 2*time.Minute {
		t.Errorf("it took %v", d)
	}
}

// FuzzDivide holds that Divide loses no document, and agrees with Split where that finds no fault.
func FuzzDivide(f *testing.F) {
	for _, seed := range []string{"a: b\n---\nc: d\n", "--- {a: b}\n", "a\t\n---\nb", "...\n%\n---\n\xff", "---\r\n--- #\n---"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		pieces := tree.Divide(text)
		parts, faults := tree.Split(text)
		if len(faults) > 0 {
			if !slices.ContainsFunc(pieces, func(p tree.Piece) bool { return len(p.Faults) > 0 }) {
				t.Fatalf("Split says %v, Divide nothing", faults[0])
			}
			return
		}
		if len(pieces) != len(parts) {
			t.Fatalf("%d pieces and %d parts", len(pieces), len(parts))
		}
		for i, p := range pieces {
			if len(p.Faults) > 0 || string(p.Text) != string(parts[i].Text) {
				t.Fatalf("piece %d is %q with %v, the part %q", i, p.Text, p.Faults, parts[i].Text)
			}
		}
	})
}
