package report_test

import (
	"fmt"
	"os"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/report"
	"github.com/postern/postern/policy/syntax"
)

func ExampleText() {
	documents, err := syntax.Parse("orders.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: list
    http: {methods: [GET], path: /orders}
    allow:
    - {name: web, callers: [spiffe://shop.test/ns/shop/sa/web]}
---
apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: orders, namespace: shop}
spec:
  workload: spiffe://shop.test/ns/shop/sa/orders
  tests:
  - {name: batch lists, request: GET /orders, caller: spiffe://shop.test/ns/shop/sa/batch, expect: allow}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := suite.New(documents, suite.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.Text(os.Stdout, s.Run(nil), false); err != nil {
		fmt.Println(err)
	}
	// Output:
	// FAIL orders.yaml:18:5: shop/orders: batch lists: expected allow; got deny, caller_not_granted
	//     request: GET /orders, caller spiffe://shop.test/ns/shop/sa/batch, user none
	//     route: list of shop/orders
	//     allow orders.yaml:10:7 web: callers wants spiffe://shop.test/ns/shop/sa/web, has spiffe://shop.test/ns/shop/sa/batch
	// FAIL: 1 of 1 test failed
}
