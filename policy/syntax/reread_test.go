package syntax_test

import (
	"reflect"
	"testing"

	"github.com/postern/postern/policy/syntax"
)

const rereadable = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: a, namespace: shop}
spec:
  workloads: [spiffe://shop.test/a]
---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: b, namespace: shop}
spec:
  workloads: [spiffe://shop.test/b]
`

func TestReread(t *testing.T) {
	parsed, err := syntax.Parse("x.yaml", []byte(rereadable))
	if err != nil {
		t.Fatal(err)
	}
	short, ok := syntax.WithoutSpecs(parsed)
	if !ok || short[0].ServicePolicy != nil || parsed[0].ServicePolicy == nil {
		t.Fatalf("remembered: %v, %+v", ok, short)
	}
	again := syntax.Reread("x.yaml", []byte(rereadable), short)
	for i := range again {
		read := again[i]
		read.ServicePolicy, read.Reread = read.Reread(), nil
		if !reflect.DeepEqual(read, parsed[i]) {
			t.Errorf("document %d is another:\n%+v\n%+v", i, read, parsed[i])
		}
	}
}

// TestRereadOfAnotherText says nothing rather than something else.
func TestRereadOfAnotherText(t *testing.T) {
	parsed, err := syntax.Parse("x.yaml", []byte(rereadable))
	if err != nil {
		t.Fatal(err)
	}
	short, _ := syntax.WithoutSpecs(parsed)
	for _, text := range []string{"", "kind: [", rereadable[:130]} {
		for _, d := range syntax.Reread("x.yaml", []byte(text), short) {
			if d.Reread() != nil {
				t.Errorf("%q has a policy", text)
			}
		}
	}
}

func TestWithoutSpecsOfOtherKinds(t *testing.T) {
	for _, text := range []string{
		"apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: r}\nspec: {entries: []}\n",
		rereadable + "---\napiVersion: postern.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: m}\nspec: {guardrails: [{name: g, workloads: [spiffe://a.test/**], deny: {callers: [spiffe://b.test/**]}}]}\n",
	} {
		parsed, err := syntax.Parse("x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if short, ok := syntax.WithoutSpecs(parsed); ok || short != nil {
			t.Errorf("%q can be remembered", text)
		}
	}
}
