package coverage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/syntax"
)

var update = flag.Bool("update", false, "write what is measured of each archive into testdata; read every line of it")

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestMeasure holds the text, the page and the JSON of each archive of testdata.
func TestMeasure(t *testing.T) {
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
			r := measured(t, archive)
			for i := range archive.Files {
				f := &archive.Files[i]
				got := ""
				switch f.Name {
				case "text":
					got = printed(t, r.Text)
				case "page":
					got = colours(printed(t, func(w io.Writer) error { return r.HTML(w, sources(archive)) }))
				case "json":
					text, err := json.MarshalIndent(r.JSON(), "", " ")
					if err != nil {
						t.Fatal(err)
					}
					got = string(text) + "\n"
				default:
					continue
				}
				if *update {
					f.Data = []byte(got)
				} else if got != string(f.Data) {
					t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, f.Data)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func measured(t *testing.T, archive *txtar.Archive) *coverage.Report {
	t.Helper()
	var documents []syntax.Document
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".yaml") {
			parsed, err := syntax.Parse(f.Name, f.Data)
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, parsed...)
		}
	}
	s, err := suite.New(documents, suite.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return coverage.Measure(documents, s.Run(nil))
}

func printed(t *testing.T, print func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sources(archive *txtar.Archive) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == name })
		if i < 0 {
			return nil, errors.New("no such file")
		}
		return archive.Files[i].Data, nil
	}
}

// colours returns the lines of a page that have one: its class, its number and what is noted.
func colours(page string) string {
	var b strings.Builder
	for line := range strings.Lines(page) {
		class, rest, ok := strings.Cut(strings.TrimPrefix(line, `<tr class="`), `"><td>`)
		if !ok || !strings.HasPrefix(line, "<tr class") {
			continue
		}
		number, rest, _ := strings.Cut(rest, "</td><td>")
		_, note, _ := strings.Cut(rest, "</td><td>")
		note, _, _ = strings.Cut(note, "</td>")
		fmt.Fprintf(&b, "%s %s %s\n", number, class, note)
	}
	return b.String()
}

// TestPage: it stands alone, runs no script, and a policy cannot write into it.
func TestPage(t *testing.T) {
	archive := &txtar.Archive{Files: []txtar.File{
		{Name: "<b>.yaml", Data: []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: a, namespace: b}
spec:
  workloads: [spiffe://a.test/b]   # <script>alert(1)</script>
  deny: [{name: d, callers: [spiffe://a.test/c], headers: {x-a: "<img src=x>"}}]
`)},
		{Name: "t.yaml", Data: []byte(`apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: a}
spec: {workload: spiffe://a.test/b, tests: [{name: t, request: GET /, expect: deny}]}
`)},
	}}
	page := printed(t, func(w io.Writer) error { return measured(t, archive).HTML(w, sources(archive)) })
	for _, bad := range []string{"<script", "<img", "<b>", "http://", "https://", "src="} {
		if strings.Contains(strings.ReplaceAll(page, "&lt;img src=x&gt;", ""), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the page has not the text of the policy")
	}
	again := printed(t, func(w io.Writer) error { return measured(t, archive).HTML(w, sources(archive)) })
	if again != page {
		t.Error("the page is another the second time")
	}
	none := func(string) ([]byte, error) { return nil, errors.New("gone") }
	if err := measured(t, archive).HTML(io.Discard, none); err == nil || !strings.Contains(err.Error(), "<b>.yaml: gone") {
		t.Errorf("a file that is gone: %v", err)
	}
}

// TestPercent is rounded down, so that 100% is all.
func TestPercent(t *testing.T) {
	for _, tc := range []struct {
		seen, all int
		want      string
	}{{0, 0, "100%"}, {0, 7, "0%"}, {1, 3, "33.3%"}, {1999, 2000, "99.9%"}, {2000, 2000, "100%"}, {1, 2, "50%"}} {
		r := coverage.Report{Seen: tc.seen, All: tc.all}
		if got := r.String(); got != tc.want {
			t.Errorf("%d of %d: %s, want %s", tc.seen, tc.all, got, tc.want)
		}
		if exact := r.Percent() == 100; exact != (tc.seen == tc.all) {
			t.Errorf("%d of %d: %v", tc.seen, tc.all, r.Percent())
		}
	}
}

// TestFailedAlone goes through what can stand between.
func TestFailedAlone(t *testing.T) {
	const text = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: a, namespace: b}
spec:
  workloads: [spiffe://a.test/b]
  routes:
  - name: r
    http: {methods: [GET], path: /}
    allow:
    - {callers: [spiffe://a.test/c], user: {provider: idp, scopes: s}, headers: {x-a: b}, when: user.claims.lvl == 1}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: idp}
spec: {jwt: {issuer: https://idp.test/, audiences: [one], algorithms: [RS256], jwks: {discovery: true}}}
---
apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: a}
spec:
  workload: spiffe://a.test/b
  users: {ann: {provider: idp, scopes: [s], claims: {lvl: 1}}}
  tests:
  - name: t
    request: {method: GET, path: /, headers: {x-a: b}}
    caller: spiffe://a.test/c
    user: ann
    expect: deny
    cases:
`
	for _, tc := range []struct{ row, alone string }{
		{"{name: all}", ""},
		{"{caller: none}", "callers"},
		{"{user: none}", "user"},
		{"{user: {like: ann, scopes: []}}", "scopes"},
		{"{request: {headers: {}}}", "headers"},
		{"{user: {like: ann, claims: {lvl: 2}}}", "when"},
		{"{user: {provider: idp, scopes: [s]}}", ""}, // the condition errs
		{"{caller: none, user: none}", ""},
		{"{caller: none, request: {headers: {}}}", ""},
		{"{caller: none, user: {like: ann, scopes: []}}", ""},
		{"{user: {like: ann, scopes: [], claims: {lvl: 2}}}", ""},
	} {
		documents, err := syntax.Parse("f.yaml", []byte(text+"    - "+tc.row+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := suite.New(documents, suite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		var alone []string
		e := s.Run(nil)[0].Decision.Rules[0]
		for name, bit := range e.Rule.Named().Each {
			if coverage.FailedAlone(e, bit) {
				alone = append(alone, name)
			}
		}
		if got := strings.Join(alone, " "); got != tc.alone {
			t.Errorf("%s: %q failed alone, want %q", tc.row, got, tc.alone)
		}
	}
	if coverage.FailedAlone(policy.Evaluation{Rule: &policy.Rule{}}, policy.OnCallers) {
		t.Error("what a rule does not name has failed")
	}
}
