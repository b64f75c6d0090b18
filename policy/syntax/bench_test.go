package syntax_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
)

// manyRules returns a ServicePolicy of so many routes, with a rule each.
func manyRules(n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders, namespace: shop}\nspec:\n  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n  routes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: route-%d\n    http: {methods: [GET], path: \"/r%d/customers/{customer_id}\"}\n    allow:\n"+
			"    - callers: [spiffe://shop.test/ns/shop/sa/web-%d]\n      user: {provider: shop-idp, scopes: orders:read}\n", i, i, i)
	}
	return b.String()
}

func BenchmarkParse10000(b *testing.B) {
	text := []byte(manyRules(10_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := syntax.Parse("f", text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBounds(b *testing.B) {
	for _, tc := range tooMuch() {
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := syntax.Parse("f", []byte(tc.text)); err == nil {
					b.Fatal("it is read")
				}
			}
		})
	}
}

// TestMemory holds what 10,000 rules keep: the file is not among it.
func TestMemory(t *testing.T) {
	text := []byte(manyRules(10_000) + strings.Repeat("# a comment that nobody needs to keep\n", 100_000))
	before := heap()
	documents := parse(t, string(text))
	kept := heap() - before
	t.Logf("%d MiB for a file of %d MiB", kept>>20, len(text)>>20)
	if kept > 16<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
	runtime.KeepAlive(documents)
	runtime.KeepAlive(text)
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
