package format_test

import (
	"fmt"

	"github.com/postern/postern/policy/format"
)

func ExampleSource() {
	text, err := format.Source("orders.yaml", []byte(`kind: ServicePolicy
apiVersion: 'postern.dev/v1alpha1'
metadata: { name: orders, namespace: shop }
spec:
    routes:
      - http: {path: '/orders/{id}', methods: [GET]}
        name: read   # what records call it
        allow:
          - callers: [anyone]
          # Not yet.
          # - callers: [group:partners]
    workloads: [ "spiffe://shop.test/ns/shop/sa/orders" ]
`))
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// apiVersion: postern.dev/v1alpha1
	// kind: ServicePolicy
	// metadata: {name: orders, namespace: shop}
	// spec:
	//   workloads: [spiffe://shop.test/ns/shop/sa/orders]
	//   routes:
	//   - name: read # what records call it
	//     http: {methods: [GET], path: "/orders/{id}"}
	//     allow:
	//     - callers: [anyone]
	//     # Not yet.
	//     # - callers: [group:partners]
	// <nil>
}
