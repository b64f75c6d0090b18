package policy_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

const benchProvider = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [orders], algorithms: [ES256], jwks: {url: "https://idp.shop.test/jwks"}}
---
`

// manyRules returns a policy of so many routes with a rule each, of which every so many-th has a
// condition of its own (0: none).
func manyRules(n, conditions int) string {
	var b strings.Builder
	b.WriteString(benchProvider + "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n  routes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: route-%d\n    http: {methods: [GET], path: \"/r%d/customers/{customer_id}\"}\n    allow:\n"+
			"    - callers: [spiffe://shop.test/ns/shop/sa/web-%d]\n      user: {provider: shop-idp, scopes: orders:read}\n", i, i, i)
		if conditions > 0 && i%conditions == 0 {
			fmt.Fprintf(&b, "      when: user.claims.customer_id == params.customer_id && user.claims.level >= %d\n", i)
		}
	}
	return b.String()
}

// BenchmarkLoad is from the bytes of a file to a set that decides.
func BenchmarkLoad(b *testing.B) {
	for _, bc := range []struct{ rules, conditions int }{{100, 0}, {1000, 0}, {10_000, 0}, {1000, 1}} {
		name := fmt.Sprintf("%d", bc.rules)
		if bc.conditions > 0 {
			name += fmt.Sprintf("-conditions-%d", bc.rules/bc.conditions)
		}
		b.Run(name, func(b *testing.B) {
			text := []byte(manyRules(bc.rules, bc.conditions))
			before := heap()
			set := load(b, text)
			kept := heap() - before
			runtime.KeepAlive(set)
			b.ReportAllocs()
			for b.Loop() {
				load(b, text)
			}
			b.ReportMetric(float64(kept)/(1<<20), "MiB-kept")
		})
	}
}

func load(t testing.TB, text []byte) *policy.Set {
	t.Helper()
	documents, err := syntax.Parse("orders.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(documents, options)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkDecide has a request for each kind of rule.
func BenchmarkDecide(b *testing.B) {
	for _, bc := range []struct{ name, archive, request string }{
		{"caller-and-scopes", "rules", "GET /orders/1 caller=web user=shop-idp/alice scopes=orders:read,other"},
		{"acr-and-age", "rules", "POST /orders/1/pay caller=web user=shop-idp/a acr=mfa age=4m scopes=orders:pay,orders:read"},
		{"headers", "rules", "GET /tenant h:x-tenant=acme h:x-tier=gold"},
		{"source", "rules", "GET /orders/1 caller=spiffe://shop.test/ns/batch/sa/x source=10.1.2.3"},
		{"denied", "rules", "GET /orders/1 caller=web user=shop-idp/mallory scopes=orders:read"},
		{"no-route", "rules", "GET /elsewhere caller=web"},
		{"guardrails", "guardrails", "GET /admin/x user=shop-idp/a acr=mfa"},
		{"shadow", "shadow", "GET /trial-deny caller=web h:x-debug=1"},
		{"onboarding", "onboarding", "GET /plain caller=mobile"},
		{"claim", "conditions", `GET /customers/7/x user=shop-idp/a claims={"customer_id":"7"}`},
		{"condition-of-request", "conditions", "POST /either"},
		{"query", "conditions", "GET /query?mode=fast"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			a, err := txtar.ParseFile("testdata/decide/" + bc.archive + ".txtar")
			if err != nil {
				b.Fatal(err)
			}
			set := compileArchive(b, a, false)
			decide(b, set, bc.request)
		})
	}
	b.Run("10000-rules", func(b *testing.B) {
		decide(b, load(b, []byte(manyRules(10_000, 0))), "GET /r7777/customers/1 caller=web-7777 user=shop-idp/a scopes=orders:read")
	})
}

func decide(b *testing.B, set *policy.Set, request string) {
	q := parseCase(b, strings.Fields(request))
	b.ReportAllocs()
	for b.Loop() {
		set.Decide(&q)
	}
}
