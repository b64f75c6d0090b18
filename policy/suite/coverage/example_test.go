package coverage_test

import (
	"fmt"
	"os"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/syntax"
)

// One test in which a rule matches leaves open what becomes of others' requests.
func ExampleMeasure() {
	documents, err := syntax.Parse("orders.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: list
    http: {methods: [GET], path: /orders}
    allow:
    - {name: web, callers: [spiffe://shop.test/ns/shop/sa/web], source: [10.0.0.0/8]}
---
apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: orders, namespace: shop}
spec:
  workload: spiffe://shop.test/ns/shop/sa/orders
  tests:
  - name: web lists
    request: {method: GET, path: /orders, source: 10.1.2.3}
    cases:
    - {caller: spiffe://shop.test/ns/shop/sa/web, expect: allow}
    - {caller: spiffe://shop.test/ns/shop/sa/batch, expect: deny}
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
	if err := coverage.Measure(documents, s.Run(nil)).Text(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// orders.yaml:10:7: allow web of route list of shop/orders: source never failed
	// coverage: 66.6% of what rules can come to (2 of 3)
}
