package lint_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy/lint"
)

// TestEveryCodeHasItsSection holds docs/lint.md to the checks: a section each, in their order, that
// begins with the check's sentence and says how severe it is.
func TestEveryCodeHasItsSection(t *testing.T) {
	page, err := os.ReadFile("../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	_, codes, found := strings.Cut(string(page), "\n## The codes\n")
	if !found {
		t.Fatal("docs/lint.md has no codes")
	}
	sections := strings.Split(codes, "\n### ")[1:]
	var documented, real []lint.Code
	for _, c := range lint.Checks() {
		real = append(real, c.Code)
	}
	for _, section := range sections {
		code, text, _ := strings.Cut(section, "\n\n")
		documented = append(documented, lint.Code(code))
		i := slices.Index(real, lint.Code(code))
		if i < 0 {
			t.Errorf("%s is documented, and there is no such code", code)
			continue
		}
		c := lint.Checks()[i]
		severity := strings.ToUpper(c.Severity.String()[:1]) + c.Severity.String()[1:]
		if want := c.Title + ". *" + severity; !strings.HasPrefix(text, want) {
			t.Errorf("the section %s is to begin with %q", code, want)
		}
		first, body, _ := strings.Cut(text, "\n")
		if strings.Contains(first, "--fix") != c.Mends {
			t.Errorf("the section %s is wrong about --fix", code)
		}
		if len(strings.TrimSpace(body)) < 20 {
			t.Errorf("the section %s says nothing", code)
		}
	}
	if !slices.Equal(documented, real) {
		t.Errorf("the sections are\n%v, want\n%v", documented, real)
	}
}

// TestTheExampleOfSilencing runs the example of the page.
func TestTheExampleOfSilencing(t *testing.T) {
	page, err := os.ReadFile("../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	if !found {
		t.Fatal("docs/lint.md has no example")
	}
	report := lint.Run([]lint.Source{{Name: "front.yaml", Text: []byte(text)}}, lint.Options{Now: now})
	if len(report.Findings) != 0 || len(report.Silenced) != 1 || report.Silenced[0].Code != lint.AnonymousWrite || report.Silenced[0].Reason != "a counter, limited by the proxy in front" {
		t.Errorf("%+v", report)
	}
}
