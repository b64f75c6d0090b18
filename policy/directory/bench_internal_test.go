package directory

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy"
)

const (
	benchFiles = 20
	benchRules = 500 // of a file
)

// benchPolicy is one file of rules. Another version is another text.
func benchPolicy(file, version int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# version %d\napiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: orders-%d, namespace: shop}\nspec:\n"+
		"  workloads: [spiffe://shop.test/ns/shop/sa/orders]\n  routes:\n", version, file)
	for i := range benchRules {
		fmt.Fprintf(&b, "  - name: route-%d\n    http: {methods: [GET], path: \"/f%d/r%d/customers/{customer_id}\"}\n"+
			"    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web]}]\n", i, file, i)
	}
	return b.String()
}

// BenchmarkReload is from files of which some have changed to a set that decides.
func BenchmarkReload(b *testing.B) {
	for _, changed := range []int{1, benchFiles} {
		b.Run(fmt.Sprintf("%d-of-%d-files", changed, benchFiles), func(b *testing.B) {
			dir := b.TempDir()
			write := func(file, version int) {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", file)), []byte(benchPolicy(file, version)), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for file := range benchFiles {
				write(file, 0)
			}
			known, compiler := &parsed{}, policy.Compiler{}
			reload := func() {
				content, _, err := load(dir, "", false, known)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := compiler.Compile(content.Documents, policy.Options{Workload: "spiffe://shop.test/ns/shop/sa/orders", Now: time.Now()}); err != nil {
					b.Fatal(err)
				}
			}
			reload()
			b.ReportAllocs()
			for n := 1; b.Loop(); n++ {
				b.StopTimer()
				for file := range changed {
					write(file, n)
				}
				b.StartTimer()
				reload()
			}
		})
	}
}
