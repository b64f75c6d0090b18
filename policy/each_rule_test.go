package policy_test

import (
	"slices"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// TestEachRule finds the rules of every place in which there are any, once, and stops when asked to.
func TestEachRule(t *testing.T) {
	documents, err := syntax.Parse("f", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: a, namespace: b}
spec:
  workloads: [spiffe://a.test/w]
  deny: [{name: policy-deny, source: [10.0.0.0/8]}]
  routes:
  - name: r
    http: {methods: [GET], path: /}
    allow: [{name: allow, callers: [anyone]}, {name: shadow, callers: [anyone], shadow: true}]
    deny: [{name: route-deny, source: [10.0.0.0/8]}]
---
apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: m}
spec:
  guardrails: [{name: guardrail, workloads: ["spiffe://a.test/**"], deny: {source: [10.0.0.0/8]}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := policy.Prepare(documents, now)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := range catalog.EachRule {
		names = append(names, r.Name())
	}
	if want := []string{"policy-deny", "allow", "shadow", "route-deny", "guardrail"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	for n := range names {
		seen := 0
		for range catalog.EachRule {
			if seen++; seen > n {
				break
			}
		}
		if seen != n+1 {
			t.Errorf("%d rules were yielded after %d", seen, n+1)
		}
	}
}
