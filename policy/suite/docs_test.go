package suite_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/report"
	"github.com/postern/postern/policy/syntax"
)

// TestTheExamplesOfTheDocumentationPass runs every PolicyTest of docs/testing.md against the
// policies of the page. The one called forgetful fails, with the words that stand behind it.
func TestTheExamplesOfTheDocumentationPass(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []syntax.Document
	for _, text := range blocks(string(page), "yaml") {
		name := "orders.yaml"
		for _, other := range []string{"orders-table", "forgetful"} {
			if strings.Contains(text, "name: "+other+",") {
				name = other + ".yaml"
			}
		}
		parsed, err := syntax.Parse(name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parsed...)
	}
	s, err := suite.New(all, suite.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	forgets := func(name, _ string) bool { return strings.Contains(name, "forgetful") }
	var passed, failed strings.Builder
	if err := report.Text(&passed, s.Run(func(name, workload string) bool { return !forgets(name, workload) }), false); err != nil {
		t.Fatal(err)
	}
	if passed.String() != "ok: 12 tests passed\n" {
		t.Error(passed.String())
	}
	if err := report.Text(&failed, s.Run(forgets), false); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(blocks(string(page), ""), failed.String()) {
		t.Errorf("the page does not have\n%s", &failed)
	}
}

// blocks returns the fenced blocks of a language.
func blocks(page, language string) []string {
	var all []string
	for i, part := range strings.Split(page, "\n```") {
		if text, ok := strings.CutPrefix(part, language+"\n"); i%2 == 1 && ok {
			all = append(all, text+"\n")
		}
	}
	return all
}
