package edit_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax/tree"
)

// TestRemove runs testdata/*.txtar: in "before" each value to take out has a mark before it, ⟦i⟧
// for an item, ⟦f⟧ for a field at its name and ⟦v⟧ for one at its value. There is "after", or "error" with what the error is.
func TestRemove(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(a.Files); i += 2 {
			before, after := a.Files[i], a.Files[i+1]
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+strings.TrimPrefix(before.Name, "before "), func(t *testing.T) {
				for _, end := range []string{"\n", "\r\n"} {
					check(t, string(before.Data), after, end)
				}
			})
		}
	}
}

func check(t *testing.T, before string, after txtar.File, end string) {
	t.Helper()
	text, targets := marked(t, strings.ReplaceAll(before, "\n", end))
	got, err := edit.Remove([]byte(text), targets)
	want := strings.ReplaceAll(string(after.Data), "\n", end)
	switch {
	case after.Name == "error":
		if err == nil || got != nil || err.Error() != strings.TrimSpace(want) {
			t.Errorf("error %v and %q, want %s", err, got, want)
		}
	case err != nil:
		t.Error(err)
	case string(got) != want:
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// marked returns a text without its marks, and where they stood.
func marked(t *testing.T, text string) (string, []edit.Target) {
	t.Helper()
	var targets []edit.Target
	var b strings.Builder
	line, column := 1, 1
	for text != "" {
		for mark, what := range map[string]edit.What{"⟦i⟧": edit.Item, "⟦f⟧": edit.Name, "⟦v⟧": edit.Value} {
			if rest, ok := strings.CutPrefix(text, mark); ok {
				targets = append(targets, edit.Target{Line: line, Column: column, What: what})
				text = rest
			}
		}
		if text == "" {
			break
		}
		column++
		if text[0] == '\n' {
			line, column = line+1, 1
		}
		b.WriteByte(text[0])
		text = text[1:]
	}
	if len(targets) == 0 {
		t.Fatal("nothing is marked")
	}
	return b.String(), targets
}

func TestWhatCannotBeTakenOut(t *testing.T) {
	for _, tc := range []struct {
		text   string
		target edit.Target
		want   error
		says   string
	}{
		{"a: [", edit.Target{Line: 1, Column: 1, What: edit.Name}, edit.ErrRead, "line 1"},
		{"a: \t1", edit.Target{Line: 1, Column: 1, What: edit.Name}, edit.ErrRead, "a tab"},
		{"a: 1\nb: 2\n", edit.Target{Line: 2, Column: 2, What: edit.Name}, edit.ErrMissing, "line 2, column 2"},
		{"a: 1\nb: 2\n", edit.Target{Line: 2, Column: 1}, edit.ErrMissing, "line 2, column 1"},
		{"a: 1\n", edit.Target{Line: 1, Column: 1, What: edit.Name}, edit.ErrEmpty, ""},
		{"", edit.Target{Line: 1, Column: 1}, edit.ErrMissing, ""},
		{"a: 1\n", edit.Target{Line: 9, Column: 9}, edit.ErrMissing, "line 9, column 9"},
	} {
		got, err := edit.Remove([]byte(tc.text), []edit.Target{tc.target})
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) || got != nil {
			t.Errorf("%q: %v and %q, want %v", tc.text, err, got, tc.want)
		}
	}
}

func TestNothingToTakeOut(t *testing.T) {
	text := []byte("a: 1 # one\n")
	got, err := edit.Remove(text, nil)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzRemove takes single values and pairs of them out of any text that is read. What comes back
// is made of the same bytes in the same order, and has every comment but those that went with the
// values.
func FuzzRemove(f *testing.F) {
	for _, seed := range []string{
		"a:\n  - x # one\n  # two\n  - {b: [c, 'd, e', \"f\\\"\"], g: }\nh: |\n  # no comment\n\n  text\n",
		"a: {b: c, d: [e, # f\n  g]}\n---\n- - h\n  - i\n-\n  j: k\n",
		"- a: 1\n  b: 2\n\n- |+\n  x\n\n- y\n",
	} {
		f.Add([]byte(seed), uint16(1), uint16(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, one, other uint16) {
		all := targets(text)
		if len(all) == 0 {
			return
		}
		some := []edit.Target{all[int(one)%len(all)], all[int(other)%len(all)]}
		got, err := edit.Remove(text, some)
		if err != nil {
			if got != nil {
				t.Fatal("a text beside an error")
			}
			return
		}
		if !subsequence(got, text) {
			t.Fatalf("%q is not made of %q", got, text)
		}
		again, err := edit.Remove(text, some[:1])
		if err == nil && len(again) < len(got) && some[0] != some[1] {
			t.Fatalf("taking out one leaves %q, two %q", again, got)
		}
	})
}

var whats = map[tree.Kind]edit.What{tree.List: edit.Item, tree.Mapping: edit.Name}

// targets returns every value of a text.
func targets(text []byte) []edit.Target {
	parts, _ := tree.Split(text)
	var all []edit.Target
	var visit func(n *tree.Node)
	visit = func(n *tree.Node) {
		for i := range n.Items {
			if n.Kind == tree.List || i%2 == 0 {
				all = append(all, edit.Target{Line: int(n.Items[i].Line), Column: int(n.Items[i].Column), What: whats[n.Kind]})
			}
			visit(&n.Items[i])
		}
	}
	for _, p := range parts {
		if root, faults := tree.Read(p); len(faults) == 0 {
			visit(root)
		}
	}
	return all
}

func subsequence(short, long []byte) bool {
	for _, c := range long {
		if len(short) > 0 && short[0] == c {
			short = short[1:]
		}
	}
	return len(short) == 0
}

func ExampleRemove() {
	text := `groups:
  # Nobody uses this any more.
  old: [spiffe://shop.test/old]
  web: [spiffe://shop.test/web] # the front door
`
	edited, err := edit.Remove([]byte(text), []edit.Target{{Line: 3, Column: 3, What: edit.Name}})
	fmt.Print(string(edited), err)
	// Output:
	// groups:
	//   web: [spiffe://shop.test/web] # the front door
	// <nil>
}
