package syntax_test

import (
	"fmt"

	"github.com/postern/postern/policy/syntax"
)

func ExampleParse() {
	_, err := syntax.Parse("orders.yaml", []byte(`
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: read-order
    http: {metods: [GET], path: "/orders/{id}"}
    allow:
    - callers: [spiffe://shop.test/ns/shop/sa/web-*]
`))
	fmt.Println(err)
	// Output:
	// orders.yaml:9:12: unknown field "metods": did you mean "methods"?
	// orders.yaml:11:17: "web-*": a * stands for a whole segment, never for a part of one
}
