package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/lint/output"
)

var update = flag.Bool("update", false, "write testdata instead of comparing with it")

const text = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://a.test/ns/shop/sa/orders]
  groups: {unused: [spiffe://a.test/ns/shop/sa/a]}
  routes:
  - name: write
    http: {methods: [POST], path: "/größe"} # ä
    allow: [{name: anyone-writes, callers: [anyone]}, {callers: [anyone]}]
  - {name: sets, http: {methods: [PUT], path: "/größe"}, allow: [{callers: [anyone]}]}
  - {name: more, http: {methods: [PUT], path: "/größer"}, allow: [{callers: [anyone]}]}
  - {name: silent, http: {methods: [PUT], path: /x}, allow: [{callers: [anyone]}]} # postern:allow anonymous-write: it is a game
`

// report is what is found in text, and in a file that cannot be read.
func report(t *testing.T) (*lint.Report, *output.Writer) {
	t.Helper()
	sources := []lint.Source{{Name: "a b/orders.yaml", Text: []byte(text)}, {Name: "bad,1.yaml", Text: []byte("kind: 100%\n")}}
	r := lint.Run(sources, lint.Options{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Faults: errors.New("two\nlines: of, 100%")})
	w := &output.Writer{Path: func(name string) string { return "policies/" + name }, Sources: map[string][]byte{}}
	for _, s := range sources {
		w.Sources[s.Name] = s.Text
	}
	return r, w
}

func TestGolden(t *testing.T) {
	r, w := report(t)
	for name, write := range map[string]func(io.Writer, *lint.Report) error{
		"text": w.Text, "json": w.JSON, "sarif": w.SARIF, "github": w.GitHub,
	} {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, b.String(), want)
		}
	}
}

func TestColour(t *testing.T) {
	r, w := report(t)
	var plain, coloured bytes.Buffer
	if err := w.Text(&plain, r); err != nil {
		t.Fatal(err)
	}
	w.Colour = true
	if err := w.Text(&coloured, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(coloured.String(), "\x1b[33mwarning\x1b[0m") {
		t.Errorf("%q has no colour", coloured.String())
	}
	if got := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(coloured.String(), ""); got != plain.String() {
		t.Errorf("without its colours it is\n%s\nnot\n%s", got, plain.String())
	}
}

// TestNothingFound is written, too: an empty list is not null.
func TestNothingFound(t *testing.T) {
	w := &output.Writer{}
	for name, tc := range map[string]struct {
		write func(io.Writer, *lint.Report) error
		want  string
	}{
		"text": {w.Text, ""}, "github": {w.GitHub, ""}, "json": {w.JSON, `"findings": []`}, "sarif": {w.SARIF, `"results": []`},
	} {
		var b bytes.Buffer
		if err := tc.write(&b, &lint.Report{}); err != nil || !strings.Contains(b.String(), tc.want) || tc.want == "" && b.Len() > 0 {
			t.Errorf("%s: %q %v", name, b.String(), err)
		}
	}
}

// TestSARIFHasWhatGitHubNeeds holds the log to what GitHub's documentation of code scanning says
// is required: for each result a rule that is listed, a message, a place with a line, and a
// fingerprint that no other result has.
func TestSARIFHasWhatGitHubNeeds(t *testing.T) {
	r, w := report(t)
	var b bytes.Buffer
	if err := w.SARIF(&b, r); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						FullDescription      struct{ Text string }
						Help                 struct{ Text string }
						HelpURI              string
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI, URIBaseID string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
				PartialFingerprints map[string]string
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("%+v", log)
	}
	run := log.Runs[0]
	if len(run.Results) != len(r.Findings) {
		t.Errorf("%d results of %d findings", len(run.Results), len(r.Findings))
	}
	levels := []string{"error", "warning", "note"}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" || rule.Help.Text == "" ||
			!strings.HasSuffix(rule.HelpURI, "#"+rule.ID) || !slices.Contains(levels, rule.DefaultConfiguration.Level) {
			t.Errorf("%+v", rule)
		}
	}
	seen := map[string]bool{}
	for _, result := range run.Results {
		print := result.PartialFingerprints["primaryLocationLineHash"]
		at := result.Locations[0].PhysicalLocation
		switch {
		case run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID, !slices.Contains(levels, result.Level), result.Message.Text == "",
			at.Region.StartLine < 1, at.Region.StartColumn < 1, at.ArtifactLocation.URI == "", at.ArtifactLocation.URIBaseID != "%SRCROOT%",
			strings.ContainsAny(at.ArtifactLocation.URI, " ä"), print == "", seen[print]:
			t.Errorf("%+v", result)
		}
		seen[print] = true
	}
}

// TestFingerprintsMoveWithTheirLines: a finding whose line has moved is the same finding.
func TestFingerprintsMoveWithTheirLines(t *testing.T) {
	prints := func(text string) []string {
		sources := []lint.Source{{Name: "a.yaml", Text: []byte(text)}}
		w := &output.Writer{Sources: map[string][]byte{"a.yaml": []byte(text)}}
		var b bytes.Buffer
		if err := w.SARIF(&b, lint.Run(sources, lint.Options{Now: time.Now()})); err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`"primaryLocationLineHash": "[0-9a-f]+:\d+"`).FindAllString(b.String(), -1)
	}
	before, after := prints(text), prints("# one line more\n"+text)
	if len(before) == 0 || !slices.Equal(before, after) {
		t.Errorf("%v and then %v", before, after)
	}
}

func TestAbsoluteNames(t *testing.T) {
	r, w := report(t)
	w.Path = func(name string) string { return "/src/ä b/" + name }
	var b bytes.Buffer
	if err := w.SARIF(&b, r); err != nil || !strings.Contains(b.String(), `"uri": "file:///src/%C3%A4%20b/a%20b/orders.yaml"`) {
		t.Errorf("%v %s", err, b.String())
	}
}

// TestWritingFails returns what the writer says.
func TestWritingFails(t *testing.T) {
	r, w := report(t)
	for _, write := range []func(io.Writer, *lint.Report) error{w.Text, w.JSON, w.SARIF, w.GitHub} {
		if err := write(full{}, r); !errors.Is(err, errFull) {
			t.Errorf("%v", err)
		}
	}
}

var errFull = errors.New("the disk is full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func ExampleWriter_Text() {
	report := lint.Run([]lint.Source{{Name: "orders.yaml", Text: []byte(text)}}, lint.Options{Only: []lint.Code{lint.UnusedGroup}})
	w := &output.Writer{Path: func(name string) string { return "policies/" + name }}
	var b strings.Builder
	err := w.Text(&b, report)
	fmt.Print(b.String(), err)
	// Output:
	// policies/orders.yaml:6:12: info: unused-group: no rule names the group "unused": take it out
	// 1 info; 1 can be mended with --fix
	// <nil>
}
