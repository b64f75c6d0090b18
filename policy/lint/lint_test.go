package lint_test

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/lint"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// people is a provider that maps roles, and robots one that does not.
const people = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: people}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop], algorithms: [ES256], jwks: {discovery: true}}
  claims: {roles: roles}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: robots}
spec:
  jwt: {issuer: "https://robots.shop.test/", audiences: [shop], algorithms: [ES256], jwks: {discovery: true}}
`

// policyHead and meshHead come before a case that begins with spec.
const (
	policyHead = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders, namespace: shop}\n"
	meshHead   = "apiVersion: postern.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: company}\n"
)

// TestChecks runs testdata/checks/*.txtar. Each file NAME.yaml is a directory of its own, and so
// are all files NAME/*.yaml; people.yaml is in each. A line that has a finding ends in
// "# want CODE", or "# want CODE: what the message says", several with "; " between them; a line
// that does not has none. A text that begins with spec: is a ServicePolicy, or, when it has
// guardrails or onboarding, a MeshPolicy.
func TestChecks(t *testing.T) {
	files, err := filepath.Glob("testdata/checks/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	seen := map[lint.Code]bool{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cases := map[string][]lint.Source{}
		var names []string
		for _, f := range a.Files {
			name := strings.TrimSuffix(f.Name, ".yaml")
			if dir := path.Dir(f.Name); dir != "." {
				name = dir
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			cases[name] = append(cases[name], lint.Source{Name: f.Name, Text: []byte(full(string(f.Data)))})
		}
		for _, name := range names {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) { checkCase(t, cases[name], seen) })
		}
	}
	for _, c := range lint.Checks() {
		if !seen[c.Code] && c.Code != lint.Unfinished {
			t.Errorf("no case has a finding %s", c.Code)
		}
	}
}

func full(text string) string {
	if !strings.HasPrefix(text, "spec:") && !strings.Contains(text, "\nspec:") {
		return text
	}
	var b strings.Builder
	for i, part := range strings.SplitAfter(text, "---\n") {
		if i > 0 || strings.HasPrefix(strings.TrimSpace(part), "spec:") {
			switch {
			case !strings.HasPrefix(strings.TrimSpace(part), "spec:"):
			case strings.Contains(part, "guardrails:") || strings.Contains(part, "onboarding:"):
				b.WriteString(meshHead)
			default:
				b.WriteString(policyHead)
			}
		}
		b.WriteString(part)
	}
	return b.String()
}

func checkCase(t *testing.T, sources []lint.Source, seen map[lint.Code]bool) {
	t.Helper()
	report := lint.Run(append(slices.Clone(sources), lint.Source{Name: "people.yaml", Text: []byte(people)}), lint.Options{Now: now})
	got := map[string][]lint.Finding{}
	for _, f := range report.Findings {
		if f.Position.Source != "people.yaml" {
			at := fmt.Sprintf("%s:%d", f.Position.Source, f.Position.Line)
			got[at] = append(got[at], f)
		}
		seen[f.Code] = true
	}
	for _, s := range sources {
		for n, line := range strings.Split(string(s.Text), "\n") {
			at := fmt.Sprintf("%s:%d", s.Name, n+1)
			_, want, _ := strings.Cut(line, "# want ")
			checkLine(t, at, got[at], want)
			delete(got, at)
		}
	}
	for at, findings := range got {
		t.Errorf("%s: %v", at, findings)
	}
}

func checkLine(t *testing.T, at string, got []lint.Finding, want string) {
	t.Helper()
	var wants []string
	if want != "" {
		wants = strings.Split(want, "; ")
	}
	for _, f := range got {
		i := slices.IndexFunc(wants, func(w string) bool {
			code, message, _ := strings.Cut(w, ": ")
			return code == string(f.Code) && strings.Contains(f.Message, message)
		})
		if i < 0 {
			t.Errorf("%s: %v %s: %s", at, f.Severity, f.Code, f.Message)
			continue
		}
		wants = slices.Delete(wants, i, i+1)
	}
	for _, w := range wants {
		t.Errorf("%s: there is no finding %s", at, w)
	}
}
