package explain_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
	"github.com/postern/postern/policy/syntax"
)

// TestColour: in colour the text is the same, and every colour ends.
func TestColour(t *testing.T) {
	e := orders(t)
	for _, q := range []explain.Question{
		{At: now, Path: "/customers/7/orders/9", Caller: "spiffe://shop.test/ns/shop/sa/web"},
		{At: now, Path: "/admin/x", Method: "POST", Headers: []string{"x-debug: 1"}},
		{At: now, GRPC: "shop.v1.Pay/Charge"},
	} {
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := x.WriteText(&b, true); err != nil {
			t.Fatal(err)
		}
		coloured := b.String()
		if begun, ended := regexp.MustCompile("\x1b\\[[1-9][0-9]*m").FindAllString(coloured, -1), strings.Count(coloured, "\x1b[0m"); len(begun) == 0 || len(begun) != ended {
			t.Errorf("%d colours begin and %d end", len(begun), ended)
		}
		if bare := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(coloured, ""); bare != text(t, x) {
			t.Errorf("without its colours the text is another:\n%s", bare)
		}
	}
}

// TestWhatIsShown: what a request brings can be shown on a terminal.
func TestWhatIsShown(t *testing.T) {
	const policy = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - {name: one, http: {methods: [GET], path: "/{id}"}, allow: [{callers: [anyone], headers: {x-a: never}, when: 'header("x-a") == [params.id]'}]}
`
	e := explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(policy)}}})
	for value, want := range map[string]string{
		"plain":                        "the request has plain\n",
		"\x1b[31mred":                  `the request has "\x1b[31mred"` + "\n",
		"a\u202eb":                     `the request has "a\u202eb"` + "\n",
		"über":                         "the request has über\n",
		"\xff":                         `the request has "\xff"` + "\n",
		strings.Repeat("ü", 200):       "the request has " + strings.Repeat("ü", 100) + "…\n",
		"a" + strings.Repeat("ü", 200): "the request has a" + strings.Repeat("ü", 99) + "…\n",
	} {
		x, err := e.Explain(explain.Question{At: now, Path: "/%C3%BC", Headers: []string{"X-A: " + value}})
		if err != nil {
			t.Fatal(err)
		}
		if out := text(t, x); !strings.Contains(out, want) || strings.ContainsAny(out, "\x1b\u202e") || !utf8.ValidString(out) {
			t.Errorf("%q: it says %s", value, out)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteTextFails(t *testing.T) {
	if err := (&explain.Explanation{}).WriteText(full{}, false); err == nil {
		t.Error("a text that could not be written is no error")
	}
}

// TestFaultsAreThoseOfLoading: documents that would not be loaded are not explained.
func TestFaultsAreThoseOfLoading(t *testing.T) {
	documents, err := syntax.Parse("a.yaml", []byte(strings.Replace(tokens, "user: {provider: shop-idp, scopes", "user: {provider: gone, scopes", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = explain.New(documents, explain.Options{Workload: workload, Now: now, Inspect: inspect})
	if err == nil || err.Error() != `a.yaml:7:98: there is no IdentityProvider named "gone"` {
		t.Errorf("got %v", err)
	}
}

// many is policies for so many workloads, each with routes and conditions of its own.
func many(t testing.TB, policies, routes int) []syntax.Document {
	t.Helper()
	var b strings.Builder
	for i := range policies {
		fmt.Fprintf(&b, "---\napiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: p%d, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/w%d]\n  routes:\n", i, i)
		for j := range routes {
			fmt.Fprintf(&b, "  - name: r%d\n    http: {methods: [GET], path: \"/r%d/{id}\"}\n    allow:\n", j, j)
			fmt.Fprintf(&b, "    - {callers: [spiffe://shop.test/ns/shop/sa/c%d], user: {provider: idp, scopes: s%d}, when: 'user.claims.n == params.id && request.time.getHours() < %d'}\n", j, j, j%24)
		}
	}
	b.WriteString("---\napiVersion: postern.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {name: idp}\nspec: {jwt: {issuer: https://idp.test/, audiences: [a], algorithms: [ES256], jwks: {discovery: true}}}\n")
	documents, err := syntax.Parse("many.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

// TestSearchIsBounded: a route with very many rules, none of which can be met, is explained soon.
func TestSearchIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n")
	b.WriteString("  deny:\n  - {headers: {x-a: {present: false}}}\n  - {headers: {x-a: {present: true}}}\n  routes:\n  - name: one\n    http: {methods: [GET], path: /one}\n    allow:\n")
	for i := range 800 {
		fmt.Fprintf(&b, "    - {callers: [spiffe://shop.test/c%d], headers: {x-h%d: {all: [a, b]}}}\n", i, i)
	}
	documents, err := syntax.Parse("a.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	e, err := explain.New(documents, explain.Options{Workload: workload, Now: now, Inspect: inspect})
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Explain(explain.Question{At: now, Path: "/one"})
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Rules) != 802 || len(x.Changes) == 0 || len(x.Changes) > 3 {
		t.Errorf("%d rules, %d changes", len(x.Rules), len(x.Changes))
	}
	for _, c := range x.Changes {
		if c.Tried {
			t.Errorf("what cannot be was tried: %+v", c)
		}
	}
}

// BenchmarkExplain is what a person waits for, reading files left out.
func BenchmarkExplain(b *testing.B) {
	documents := many(b, 1000, 10)
	for b.Loop() {
		e, err := explain.New(documents, explain.Options{Workload: "spiffe://shop.test/ns/shop/sa/w7", Now: now, Inspect: inspect})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := e.Explain(explain.Question{At: now, Path: "/r3/5"}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleExplainer_Explain() {
	documents, err := syntax.Parse("orders.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: read-order
    http: {methods: [GET], path: "/orders/{id}"}
    allow:
    - {name: web, callers: [spiffe://shop.test/ns/shop/sa/web]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := explain.New(documents, explain.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders", Now: now, Inspect: inspect})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := e.Explain(explain.Question{Path: "/orders/7", Caller: "spiffe://shop.test/ns/shop/sa/mobile", At: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(x.Decision, x.Reason)
	fmt.Println(x.Changes[0].Request, x.Changes[0].Tried)
	// Output:
	// deny caller_not_granted
	// [the caller is spiffe://shop.test/ns/shop/sa/web] true
}
