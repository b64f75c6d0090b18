package suite_test

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

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/report"
	"github.com/postern/postern/policy/syntax"
)

var update = flag.Bool("update", false, "write what is reported of each archive into testdata; read every line of it")

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestReports runs every archive of testdata: documents in *.yaml, and "report", which is what is
// printed of them, or what is wrong with them.
func TestReports(t *testing.T) {
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
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "report" })
			got := reported(t, archive)
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

func reported(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	s, err := suite.New(documents(t, archive), suite.Options{Now: now})
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	if err := report.Text(&b, s.Run(nil), true); err != nil {
		t.Fatal(err)
	}
	return b.String()
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

// TestFilter: tests are chosen by their name and workload, and none is left out without one.
func TestFilter(t *testing.T) {
	s := load(t, "mesh")
	for _, tc := range []struct {
		what   string
		filter suite.Filter
		want   int
	}{
		{"none", nil, s.Len()},
		{"a name", func(name, _ string) bool { return strings.Contains(name, "guardrails") }, 5},
		{"a workload", func(_, workload string) bool { return workload == "spiffe://shop.test/legacy" }, 3},
		{"nothing", func(_, _ string) bool { return false }, 0},
	} {
		if got := s.Run(tc.filter); len(got) != tc.want {
			t.Errorf("%s: %d, want %d", tc.what, len(got), tc.want)
		}
	}
}

func load(t testing.TB, name string) *suite.Suite {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := suite.New(documents(t, archive), suite.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRunningIsPure: nothing of one run is seen in the next, and running at once is no other.
func TestRunningIsPure(t *testing.T) {
	s := load(t, "users")
	first := s.Run(nil)
	done := make(chan []suite.Result)
	for range 4 {
		go func() { done <- s.Run(nil) }()
	}
	for range 4 {
		for i, r := range <-done {
			if suite.Why(&r.Decision) != suite.Why(&first[i].Decision) || r.Name != first[i].Name {
				t.Errorf("%s: %s, and at first %s", r.Name, suite.Why(&r.Decision), suite.Why(&first[i].Decision))
			}
		}
	}
}

// TestCheckIsAsked: what a caller has against the set of a workload is a fault like others.
func TestCheckIsAsked(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	at := func(line int) error {
		return &syntax.Error{Position: syntax.Position{Source: "orders.yaml", Line: line, Column: 1}, Message: "no"}
	}
	asked := 0
	_, err = suite.New(documents(t, archive), suite.Options{Now: now, Check: func(set *policy.Set) error {
		asked++
		if set.Workload() != "spiffe://shop.test/ns/shop/sa/orders" {
			t.Errorf("asked about %s", set.Workload())
		}
		return errors.Join(at(1), at(2))
	}})
	if asked != 1 || err == nil || err.Error() != "orders.yaml:1:1: no\norders.yaml:2:1: no" {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

// TestAsk: a case that stands in no document is answered as one that does.
func TestAsk(t *testing.T) {
	s := load(t, "mesh")
	text := func(s string) syntax.Text { return syntax.Text{Value: s} }
	in := syntax.Case{
		Request: &syntax.TestRequest{Method: text("GET"), Path: text("/trial")},
		Caller:  &syntax.TestCaller{ID: text("spiffe://shop.test/web")},
	}
	r, err := s.Ask("spiffe://shop.test/orders", in)
	if err != nil || !r.Decision.Allow || !r.Passed() {
		t.Errorf("%+v: %v", r.Decision, err)
	}
	in.User = &syntax.TestUser{Provider: text("nobody")}
	if _, err := s.Ask("spiffe://shop.test/orders", in); err == nil {
		t.Error("a user of no provider was asked for")
	}
	in.User, in.Caller = nil, &syntax.TestCaller{ID: text("no SPIFFE ID")}
	if _, err := s.Ask("spiffe://shop.test/orders", in); err == nil {
		t.Error("a caller that is none was asked for")
	}
	in.Caller = &syntax.TestCaller{ID: text("spiffe://shop.test/web"), Serial: text("xyz")}
	if _, err := s.Ask("spiffe://shop.test/orders", in); err == nil {
		t.Error("a serial number that is none was asked for")
	}
}

// BenchmarkThousand runs the tests of 1,000 policies, each with a handful.
func BenchmarkThousand(b *testing.B) {
	archive, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		b.Fatal(err)
	}
	policy, provider, _ := strings.Cut(string(archive.Files[0].Data), "---\n")
	tests := string(archive.Files[1].Data)
	texts := []string{provider}
	for i := range 1000 {
		texts = append(texts, own(policy, i), own(tests, i))
	}
	b.ReportAllocs()
	for b.Loop() {
		var all []syntax.Document
		for i, text := range texts {
			parsed, err := syntax.Parse(fmt.Sprintf("%d.yaml", i), []byte(text))
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, parsed...)
		}
		s, err := suite.New(all, suite.Options{Now: now})
		if err != nil {
			b.Fatal(err)
		}
		if n := len(s.Run(nil)); n != 41_000 {
			b.Fatalf("%d tests", n)
		}
	}
}

// own makes a document one of its own.
func own(text string, i int) string {
	text = strings.ReplaceAll(text, "name: orders,", fmt.Sprintf("name: orders%d,", i))
	return strings.ReplaceAll(text, "sa/orders", fmt.Sprintf("sa/orders%d", i))
}
