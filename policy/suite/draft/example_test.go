package draft_test

import (
	"fmt"
	"strings"

	"github.com/postern/postern/policy/suite/draft"
	"github.com/postern/postern/policy/syntax"
)

func ExampleWrite() {
	documents, err := syntax.Parse("orders.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: list
    http: {methods: [GET], path: /orders}
    allow:
    - {name: frontend, callers: [spiffe://shop.test/ns/shop/sa/web]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := draft.Write(documents, draft.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, tests, _ := strings.Cut(string(d.Text), "  tests:\n")
	fmt.Print(tests)
	// Output:
	//   - name: list / frontend allows
	//     request: GET /orders
	//     caller: web
	//     expect: {decision: allow, rule: frontend}
	//   - name: list / frontend with one thing missing
	//     request: GET /orders
	//     caller: web
	//     cases:
	//     - {name: callers, caller: stranger, expect: {decision: deny, reason: caller_not_granted}}
	//   - name: what no route has
	//     request: GET /there/is/no/such/path
	//     expect: {decision: deny, reason: no_route}
}
