package lint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/lint"
)

// many returns so many policies of ten routes, each for a workload of its own, with two guardrails
// and a provider; one in ten rules has a condition of its own.
func many(policies int) []lint.Source {
	sources := []lint.Source{{Name: "people.yaml", Text: []byte(people)}, {Name: "mesh.yaml", Text: []byte(meshHead + `spec:
  guardrails:
  - {name: mfa, workloads: ["spiffe://a.test/ns/*/sa/*"], http: {path: "/admin/{rest...}"}, require: {user: {provider: people, acr: mfa}}}
  - {name: partners, workloads: ["spiffe://a.test/ns/*/sa/*"], deny: {callers: ["spiffe://partner.test/**"]}}
`)}}
	for i := range policies {
		var b strings.Builder
		fmt.Fprintf(&b, "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n", i)
		fmt.Fprintf(&b, "  workloads: [spiffe://a.test/ns/shop/sa/w%d]\n  groups: {fronts: [spiffe://a.test/ns/shop/sa/web, spiffe://a.test/ns/shop/sa/app]}\n", i)
		b.WriteString("  deny:\n  - {headers: {x-debug: {present: true}}}\n  routes:\n")
		for j := range 10 {
			fmt.Fprintf(&b, "  - name: r%d\n    http: {methods: [GET], path: \"/p%d/{order}\"}\n    allow:\n", j, j)
			fmt.Fprintf(&b, "    - {callers: [group:fronts], user: {provider: people, scopes: s%d}}\n", j)
			if j == 0 {
				fmt.Fprintf(&b, "    - {callers: [spiffe://a.test/ns/shop/sa/w%d], user: {provider: people}, when: 'user.claims.a == \"%d\"'}\n", i+1, i)
			}
		}
		sources = append(sources, lint.Source{Name: fmt.Sprintf("p%d.yaml", i), Text: []byte(b.String())})
	}
	return sources
}

// TestThousandPolicies holds the promise of 3 seconds, with room for slow machines and -race.
func TestThousandPolicies(t *testing.T) {
	begin := time.Now()
	report := lint.Run(many(1000), lint.Options{Now: now})
	if d := time.Since(begin); d > time.Minute {
		t.Errorf("1,000 policies take %v", d)
	}
	for _, f := range report.Findings {
		if f.Code != lint.UnusedProvider && f.Code != lint.GuardrailGap {
			t.Fatalf("%+v", f)
		}
	}
}

// TestOneRouteOfManyRules is what comparing pairs would make slow.
func TestOneRouteOfManyRules(t *testing.T) {
	var b strings.Builder
	b.WriteString(policyHead + "spec:\n  workloads: [spiffe://a.test/ns/shop/sa/w]\n  routes:\n  - name: r\n    http: {methods: [GET], path: /p}\n    allow:\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "    - {callers: [spiffe://a.test/ns/shop/sa/w%d]}\n", i)
	}
	b.WriteString("    - {callers: [spiffe://a.test/ns/shop/sa/w77]}\n")
	begin := time.Now()
	report := lint.Run([]lint.Source{{Name: "a.yaml", Text: []byte(b.String())}}, lint.Options{Now: now})
	if d := time.Since(begin); d > time.Minute {
		t.Errorf("10,000 rules take %v", d)
	}
	if len(report.Findings) != 1 || report.Findings[0].Code != lint.SubsumedRule {
		t.Errorf("%v", report.Findings)
	}
}

// TestTooMuchToCompare is where comparing ends, and says so once.
func TestTooMuchToCompare(t *testing.T) {
	var b strings.Builder
	b.WriteString(policyHead + "spec:\n  workloads: [spiffe://a.test/ns/shop/sa/w]\n  routes:\n  - name: r\n    http: {methods: [GET], path: /p}\n    allow:\n")
	for i := range 3500 {
		fmt.Fprintf(&b, "    - {callers: [spiffe://a.test/ns/shop/sa/w], user: {provider: people, subjects: s%d}}\n", i)
	}
	begin := time.Now()
	report := lint.Run([]lint.Source{{Name: "a.yaml", Text: []byte(b.String())}, {Name: "people.yaml", Text: []byte(people)}}, lint.Options{Now: now})
	if d := time.Since(begin); d > time.Minute {
		t.Errorf("3,500 rules take %v", d)
	}
	unfinished := 0
	for _, f := range report.Findings {
		if f.Code == lint.Unfinished {
			unfinished++
		}
	}
	if unfinished != 1 {
		t.Errorf("%v", report.Findings)
	}
}

// TestEveryPolicyForEveryWorkload is what comparing workloads would make slow.
func TestEveryPolicyForEveryWorkload(t *testing.T) {
	var sources []lint.Source
	for i := range 1000 {
		text := fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n"+
			"  workloads: [\"spiffe://a.test/ns/*/sa/*\"]\n  routes:\n  - {name: r, http: {methods: [GET], path: /p%d}, allow: [{callers: [spiffe://a.test/x]}]}\n", i, i)
		sources = append(sources, lint.Source{Name: fmt.Sprintf("p%d.yaml", i), Text: []byte(text)})
	}
	begin := time.Now()
	lint.Run(sources, lint.Options{Now: now})
	if d := time.Since(begin); d > time.Minute {
		t.Errorf("1,000 policies for every workload take %v", d)
	}
}

func BenchmarkRun1000(b *testing.B) {
	sources := many(1000)
	for b.Loop() {
		lint.Run(sources, lint.Options{Now: now})
	}
}
