package report_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/suite/report"
	"github.com/postern/postern/policy/syntax"
)

// FuzzRun holds that no tests make running, printing or measuring them panic, that each way of
// saying what came says the same, and that no test is allowed by a reason to deny.
func FuzzRun(f *testing.F) {
	paths, err := filepath.Glob("../testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("%d archives: %v", len(paths), err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data, archive.Files[1].Data)
	}
	f.Fuzz(func(t *testing.T, policies, tests []byte) {
		documents, err := syntax.Parse("policy.yaml", policies)
		if err != nil {
			return
		}
		more, err := syntax.Parse("tests.yaml", tests)
		if err != nil {
			return
		}
		documents = append(documents, more...)
		s, err := suite.New(documents, suite.Options{Now: now})
		if err != nil {
			return
		}
		results := s.Run(nil)
		for i := range results {
			r := &results[i]
			if d := &r.Decision; d.Allow != d.Reason.Granted() {
				t.Fatalf("%s: %s", r.Name, suite.Why(d))
			}
			if r.Passed() != (len(r.Differs) == 0) || report.Difference(r) == "" || len(report.Reasons(r)) == 0 {
				t.Fatalf("%s: %+v", r.Name, r.Differs)
			}
		}
		seen := coverage.Measure(documents, results)
		if p := seen.Percent(); p < 0 || p > 100 {
			t.Fatalf("%v%% are covered", p)
		}
		source := func(string) ([]byte, error) { return policies, nil }
		for _, err := range []error{
			report.Text(io.Discard, results, true), report.JSON(io.Discard, results, seen.JSON()), report.JUnit(io.Discard, results),
			seen.Text(io.Discard), seen.HTML(io.Discard, source),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
