package check_test

import (
	"os"
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy/check"
)

// TestTheTableOfRules holds the documentation to the rules, word by word.
func TestTheTableOfRules(t *testing.T) {
	page, err := os.ReadFile("../../../docs/envoy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(page), "| rule | what it permits | what to write |\n|---|---|---|\n")
	if !found {
		t.Fatal("docs/envoy.md has no table of rules")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var want strings.Builder
	for _, rule := range check.Rules() {
		want.WriteString("| `" + rule.Name + "` | " + rule.Permits + " | " + rule.Fix + " |\n")
	}
	if strings.TrimSpace(table) != strings.TrimSpace(want.String()) {
		t.Errorf("the table of rules in docs/envoy.md is to be\n%s", want.String())
	}
}
