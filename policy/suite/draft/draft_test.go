package draft_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/draft"
	"github.com/postern/postern/policy/syntax"
)

var update = flag.Bool("update", false, "write what is drafted of each archive into testdata; read every line of it")

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestDrafts holds what is written of the policies in each archive of testdata.
func TestDrafts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d archives: %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "draft" })
			got := ""
			if d, err := draft.Write(documents(t, archive), draft.Options{Options: suite.Options{Now: now}}); err != nil {
				got = err.Error() + "\n"
			} else {
				got = string(d.Text)
			}
			if *update {
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := string(archive.Files[i].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// documents parses every *.yaml of an archive.
func documents(t testing.TB, archive *txtar.Archive) []syntax.Document {
	t.Helper()
	var all []syntax.Document
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".yaml") {
			continue
		}
		parsed, err := syntax.Parse(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parsed...)
	}
	return all
}

const several = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: named, namespace: b}
spec:
  workloads: ["spiffe://a.test/x/*", spiffe://a.test/named, spiffe://a.test/other]
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: more, namespace: b}
spec:
  workloads: [spiffe://a.test/named]
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: patterns, namespace: b}
spec:
  workloads: ["spiffe://a.test/ns/*/sa/**"]
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: under, namespace: b}
spec:
  workloads: ["spiffe://a.test/**"]
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: elsewhere, namespace: c}
spec:
  workloads: ["spiffe://b.test/*"]
`

// TestTargets: every policy gets tests of one workload, and none that some test asks about.
func TestTargets(t *testing.T) {
	const tests = "---\napiVersion: postern.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: %s, namespace: b}\nspec: {workload: %q, tests: [{name: t, request: GET /, expect: deny}]}\n"
	for _, tc := range []struct {
		what, tests string
		workloads   []string
		want        string // documents, or what is wrong
	}{
		{what: "none is tested", want: "b/named spiffe://a.test/named, b/patterns spiffe://a.test/ns/example/sa/example, c/elsewhere spiffe://b.test/example"},
		{
			what: "one is tested", tests: fmt.Sprintf(tests, "named", "spiffe://a.test/other"),
			want: "b/more spiffe://a.test/named, b/patterns spiffe://a.test/ns/example/sa/example, c/elsewhere spiffe://b.test/example",
		},
		{
			what: "what is named", tests: fmt.Sprintf(tests, "named", "spiffe://a.test/other"), workloads: []string{"spiffe://a.test/other", "spiffe://a.test/x/y"},
			want: "b/named-2 spiffe://a.test/other, b/named-3 spiffe://a.test/x/y",
		},
		{
			what: "all are tested", want: "every policy has tests already: name a workload to write more for it",
			tests: fmt.Sprintf(tests, "t1", "spiffe://a.test/named") + fmt.Sprintf(tests, "t2", "spiffe://a.test/ns/b/sa/c") + fmt.Sprintf(tests, "t3", "spiffe://b.test/x"),
		},
		{
			what: "nobody's", workloads: []string{"spiffe://c.test/x"},
			want: "no policy protects spiffe://c.test/x: there is nothing to test but that every request to it is denied",
		},
	} {
		parsed := parse(t, several+tc.tests)
		d, err := draft.Write(parsed, draft.Options{Options: suite.Options{Now: now}, Workloads: tc.workloads})
		if err != nil {
			if err.Error() != tc.want {
				t.Errorf("%s: %v", tc.what, err)
			}
			continue
		}
		var got []string
		for _, w := range parse(t, string(d.Text)) {
			got = append(got, w.Namespace+"/"+w.Name+" "+w.PolicyTest.Workload.Value)
		}
		if s := strings.Join(got, ", "); s != tc.want {
			t.Errorf("%s: %s\nwant %s", tc.what, s, tc.want)
		}
		if len(d.Names) != len(got) || d.Tests < len(got) {
			t.Errorf("%s: %d names, %d tests of %d documents", tc.what, len(d.Names), d.Tests, len(got))
		}
	}
}

func parse(t *testing.T, text string) []syntax.Document {
	t.Helper()
	documents, err := syntax.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// TestWhatDoesNotLoadIsNotWrittenOf: the faults of the policies are those of loading them.
func TestWhatDoesNotLoadIsNotWrittenOf(t *testing.T) {
	text := strings.Replace(several, "spiffe://a.test/named]", "spiffe://a.test/named]\n  routes:\n"+
		"  - {name: a, http: {methods: [GET], path: \"/{x}/b\"}}\n  - {name: b, http: {methods: [GET], path: \"/a/{y}\"}}", 1)
	_, err := draft.Write(parse(t, text), draft.Options{Options: suite.Options{Now: now}})
	var faults *syntax.Errors
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), "f.yaml:1") {
		t.Errorf("%v", err)
	}
}

// TestOddWords: whatever a document can name can be written again.
func TestOddWords(t *testing.T) {
	const text = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: "1.5", namespace: "7"}
spec:
  workloads: [spiffe://a.test/yes]
  routes:
  - name: "null"
    http: {methods: ["A#B", "GET"], path: "/{x}/a: b/'\"/[a, b]/true"}
    allow:
    - name: "true"
      callers: [spiffe://a.test/none, spiffe://a.test/N-O.]
      headers: {"#x": "a: b", "'y'": "- c", "true": "null", "!": "{}"}
`
	for _, headers := range []string{`{"#x": "a: b", "'y'": "- c", "true": "null", "!": "{}"}`, `{x: {all: ["é # ü", "\\", "\"", "1e3", "*", "&a"]}}`} {
		i := strings.Index(text, `{"#x"`)
		documents := parse(t, text[:i]+headers+"\n")
		d, err := draft.Write(documents, draft.Options{Options: suite.Options{Now: now}})
		if err != nil {
			t.Fatal(err)
		}
		if r := run(t, documents, d); r.Seen != r.All {
			t.Errorf("%d of %d outcomes seen:\n%s", r.Seen, r.All, d.Text)
		}
	}
}
