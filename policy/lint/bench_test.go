package lint_test

import (
	"fmt"
	"strings"
	"testing"

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

// TestManyPolicies finds nothing wrong with policies that are in order.
func TestManyPolicies(t *testing.T) {
	for _, f := range lint.Run(many(50), lint.Options{Now: now}).Findings {
		if f.Code != lint.UnusedProvider && f.Code != lint.GuardrailGap {
			t.Fatalf("%+v", f)
		}
	}
}

// manyRules returns a policy with one route of so many rules for a caller each, and one for a caller
// that has another.
func manyRules(n int) []lint.Source {
	var b strings.Builder
	b.WriteString(policyHead + "spec:\n  workloads: [spiffe://a.test/ns/shop/sa/w]\n  routes:\n  - name: r\n    http: {methods: [GET], path: /p}\n    allow:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - {callers: [spiffe://a.test/ns/shop/sa/w%d]}\n", i)
	}
	b.WriteString("    - {callers: [spiffe://a.test/ns/shop/sa/w77]}\n")
	return []lint.Source{{Name: "a.yaml", Text: []byte(b.String())}}
}

func TestOneRouteOfManyRules(t *testing.T) {
	report := lint.Run(manyRules(500), lint.Options{Now: now})
	if len(report.Findings) != 1 || report.Findings[0].Code != lint.SubsumedRule {
		t.Errorf("%v", report.Findings)
	}
}

// everywhere returns so many policies, each for every workload.
func everywhere(policies int) []lint.Source {
	var sources []lint.Source
	for i := range policies {
		text := fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n"+
			"  workloads: [\"spiffe://a.test/ns/*/sa/*\"]\n  routes:\n  - {name: r, http: {methods: [GET], path: /p%d}, allow: [{callers: [spiffe://a.test/x]}]}\n", i, i)
		sources = append(sources, lint.Source{Name: fmt.Sprintf("p%d.yaml", i), Text: []byte(text)})
	}
	return sources
}

// BenchmarkRun holds the promise of 3 seconds for 1,000 policies, and shows what comparing pairs would
// make slow: 10,000 rules of one route, and 1,000 policies that all hold for the same workloads.
func BenchmarkRun(b *testing.B) {
	for name, sources := range map[string][]lint.Source{
		"1000 policies": many(1000), "10000 rules of a route": manyRules(10_000), "1000 policies of a workload": everywhere(1000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				lint.Run(sources, lint.Options{Now: now})
			}
		})
	}
}

// BenchmarkMend takes one rule out of a route of 10,000, and tries what that changes.
func BenchmarkMend(b *testing.B) {
	sources := manyRules(10_000)
	for b.Loop() {
		if _, err := lint.Mend(sources, lint.Options{Now: now}); err != nil {
			b.Fatal(err)
		}
	}
}
