package directory_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/postern/postern/policy/directory"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "policies")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	text := `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
`
	if err := os.WriteFile(filepath.Join(dir, "orders.yaml"), []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	content, err := directory.Load(dir, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range content.Documents {
		fmt.Println(d.Position, d.Kind, d.Namespace, d.Name)
	}
	// Output: orders.yaml:1:1 ServicePolicy shop orders
}
