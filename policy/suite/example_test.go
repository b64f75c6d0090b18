package suite_test

import (
	"fmt"
	"time"

	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// A policy and its test, in one file.
func ExampleSuite_Run() {
	documents, err := syntax.Parse("orders.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow: [{callers: [anyone]}]
---
apiVersion: postern.dev/v1alpha1
kind: PolicyTest
metadata: {name: orders, namespace: shop}
spec:
  workload: spiffe://shop.test/ns/shop/sa/orders
  tests:
  - {name: a kubelet asks for health, request: GET /healthz, expect: allow}
  - {name: it may do no more, request: DELETE /healthz, expect: allow}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := suite.New(documents, suite.Options{Now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range s.Run(nil) {
		fmt.Println(r.Name, r.Passed(), suite.Why(&r.Decision))
	}
	// Output:
	// shop/orders: a kubelet asks for health true allow, by orders.yaml:9:13
	// shop/orders: it may do no more false deny, no_route
}
