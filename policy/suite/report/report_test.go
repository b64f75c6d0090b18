package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/report"
	"github.com/postern/postern/policy/syntax"
)

var update = flag.Bool("update", false, "write what is printed of each archive into testdata; read every line of it")

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestForms holds what is printed of each archive of testdata in every form.
func TestForms(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d archives: %v", len(paths), err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		results := run(t, archive)
		for i := range archive.Files {
			f := &archive.Files[i]
			var b bytes.Buffer
			switch f.Name {
			case "text":
				err = report.Text(&b, results, false)
			case "verbose":
				err = report.Text(&b, results, true)
			case "json":
				err = report.JSON(&b, results, nil)
			case "junit":
				err = report.JUnit(&b, results)
			default:
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				f.Data = b.Bytes()
			} else if b.String() != string(f.Data) {
				t.Errorf("%s: %s: got\n%s\nwant\n%s", path, f.Name, &b, f.Data)
			}
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func run(t *testing.T, archive *txtar.Archive) []suite.Result {
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
	return s.Run(nil)
}

const odd = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: a, namespace: b}
spec:
  workloads: [spiffe://a.test/b]
---
apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: a}
spec:
  workload: spiffe://a.test/b
  tests:
  - {name: "<&\"' ]]> \U0001F600 \uFFFD", request: "GET /<&>", expect: allow}
`

// TestOddNamesStayWhatTheyAre: neither form can be broken out of.
func TestOddNamesStayWhatTheyAre(t *testing.T) {
	results := run(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(odd)}}})
	const want = "<&\"' ]]> \U0001F600 \uFFFD"
	var x, j bytes.Buffer
	if err := errors.Join(report.JUnit(&x, results), report.JSON(&j, results, map[string]int{"seen": 1})); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suites []struct {
			Cases []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(x.Bytes(), &suites); err != nil || suites.Suites[0].Cases[0].Name != want {
		t.Errorf("%s: %v", &x, err)
	}
	var out struct {
		Tests    []struct{ Name string }
		Coverage struct{ Seen int }
	}
	if err := json.Unmarshal(j.Bytes(), &out); err != nil || out.Tests[0].Name != "a: "+want || out.Coverage.Seen != 1 {
		t.Errorf("%s: %v", &j, err)
	}
}

// failing fails every write.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	for name, err := range map[string]error{
		"text": report.Text(failing{}, nil, false), "json": report.JSON(failing{}, nil, nil), "junit": report.JUnit(failing{}, nil),
	} {
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyRulesAreCut: a route with a hundred rules does not fill the screen.
func TestManyRulesAreCut(t *testing.T) {
	text := strings.Replace(odd, "---\n", `  routes:
  - name: many
    http: {methods: [GET], path: /}
    allow:
`+strings.Repeat("    - callers: [spiffe://a.test/c]\n", 100)+"---\n", 1)
	text = strings.Replace(text, "GET /<&>", "GET /", 1)
	results := run(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(text)}}})
	lines := report.Reasons(&results[0])
	if n := len(lines); n != 23 || lines[n-1] != "and 80 more rules" {
		t.Errorf("%d lines, the last of them %q", n, lines[n-1])
	}
}
