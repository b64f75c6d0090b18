//go:build !race

package extauthz_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/revocation"
)

// nothing keeps no record and counts nothing.
type nothing struct{ discard }

func (nothing) Keep(context.Context, *record.Record) bool { return true }

// hotID is a request's id as Envoy makes one.
const hotID = "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"

// hot makes a request one that a browser sends.
func hot(c *authv3.CheckRequest) *authv3.CheckRequest {
	likeEnvoy(c.GetAttributes())
	for _, h := range c.GetAttributes().GetRequest().GetHttp().GetHeaderMap().GetHeaders() {
		if h.GetKey() == "x-request-id" {
			h.RawValue = []byte(hotID)
		}
	}
	return c
}

// allocations is how many a check costs, from its bytes to those of its answer.
func allocations(t *testing.T, s *extauthz.Server, c *authv3.CheckRequest) float64 {
	t.Helper()
	if extauthz.DecodesTwice {
		t.Skip("generated code takes memory")
	}
	wire, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	slice, ctx := mem.BufferSlice{mem.SliceBuffer(wire)}, t.Context()
	return testing.AllocsPerRun(200, func() {
		if !s.Decide(ctx, slice) {
			t.Fatal("left to generated code")
		}
	})
}

// remembered asks until what a check shows is verified and remembered, and fails the test unless it is
// decided so.
func (w *fullWorld) remembered(t *testing.T, c *authv3.CheckRequest, want string) {
	t.Helper()
	w.ask(t, c)
	if w.ask(t, c); w.last(t).Decision.Reason.String() != want {
		t.Fatalf("decided %+v: %s", w.last(t).Decision, w.last(t).Detail)
	}
}

// TestTheHotPathTakesNoMemory: from the bytes of a check to those of its answer, a caller and a user
// who were verified before cost none, and neither does a refusal. The memory of each check is
// overwritten, so that what is remembered of it by a text that lies there costs some, too.
func TestTheHotPathTakesNoMemory(t *testing.T) {
	w := newFullWorld(t)
	counted := metrics.New(metrics.Config{})
	server := func(m extauthz.Metrics) *extauthz.Server {
		return extauthz.Poisoned(extauthz.Config{Current: w.current, Records: nothing{}, Metrics: m, Log: zap.NewNop(), Now: time.Now})
	}
	forwarded := addHeader("x-forwarded-client-cert", "")
	leaf := minttest.SVID(t, w.ca, web).Leaf()
	withXFCC := func(a *authv3.AttributeContext) {
		a.Source.Principal, a.Source.Certificate = web, mint.EnvoyCertificate(leaf)
		forwarded(a)
		all := a.GetRequest().GetHttp().GetHeaderMap().GetHeaders()
		all[len(all)-1].RawValue = []byte(mint.EnvoyXFCC(orders, leaf, w.ca.Certificate()))
	}
	guest := func(a *authv3.AttributeContext) { a.Source.Address = tcp("10.99.0.1") }
	several := func(route string) *authv3.CheckRequest {
		token := minttest.Token(t, w.key, w.now, mint.Set("sub", "alice"), mint.Set("scope", "orders:read orders:pay profile"))
		return hot(w.of(t, "", route, "a", addHeader("authorization", "Bearer "+token)))
	}
	w.enforce(t, severalProviders(fullPolicy))
	rows := map[string]struct {
		check *authv3.CheckRequest
		want  string
	}{
		"anyone":             {hot(w.of(t, "", "anyone", "a")), "allowed"},
		"a caller":           {hot(w.of(t, web, "caller", "a")), "allowed"},
		"a caller with XFCC": {hot(w.of(t, "", "caller", "a", withXFCC)), "allowed"},
		"a user":             {hot(w.user(t, "alice", "a")), "allowed"},
		"one of two, and a guardrail of a header": {several("several"), "allowed"},
		"a guardrail of another provider":         {several("guarded"), "allowed"},
		"a JWT-SVID":                              {hot(w.workload(t, web, "a")), "allowed"},
		"headers and source":                      {hot(w.of(t, "", "fields", "a", addHeader("x-kind", "fields"))), "allowed"},
		"a rule in shadow":                        {hot(w.of(t, "", "shadow", "a")), "allowed"},
		"an id of ours":                           {w.of(t, web, "caller", "a"), "allowed"},
		"no route":                                {hot(w.of(t, web, "elsewhere", "a")), "no_route"},
		"no rule":                                 {hot(w.of(t, "", "fields", "a", addHeader("x-kind", "others"))), "not_granted"},
		"a caller that is no caller":              {hot(w.of(t, "", "caller", "a")), "caller_not_granted"},
		"a deny":                                  {hot(w.of(t, web, "caller", "a", addHeader("x-debug", "1"))), "denied_by_rule"},
		"a guardrail":                             {hot(w.of(t, web, "caller", "a", guest)), "denied_by_guardrail"},
	}
	for _, size := range []string{"a few rules", "10,000 rules"} {
		if size == "10,000 rules" {
			w.enforce(t, severalProviders(fullPolicy)+manyRules(10_000))
		}
		counted.Retain(w.current.Load().Policy.EachRoute)
		for name, row := range rows {
			t.Run(size+", "+name, func(t *testing.T) {
				w.remembered(t, row.check, row.want)
				for with, m := range map[string]extauthz.Metrics{"nothing counted": nothing{}, "metrics": counted} {
					if n := allocations(t, server(m), row.check); n != 0 {
						t.Errorf("%s: %v allocations", with, n)
					}
				}
			})
		}
	}
}

// severalProviders adds to a policy two routes that are read of two providers: by the route itself, beside a
// guardrail that reads a header, and by one provider of the route and another of a guardrail.
func severalProviders(policy string) string {
	policy = strings.Replace(policy, "  - name: shadow\n", `  - name: several
    http: {methods: [GET], path: "/several/{id}"}
    allow: [{callers: [anyone], user: {provider: [shop-idp, workloads]}}]
  - name: guarded
    http: {methods: [GET], path: "/guarded/{id}"}
    allow: [{callers: [anyone], user: {provider: shop-idp}}]
  - name: shadow
`, 1)
	return strings.Replace(policy, "  guardrails:\n", `  guardrails:
  - name: no-tracing
    workloads: [spiffe://shop.test/ns/shop/sa/orders]
    http: {path: "/several/{id}"}
    deny: {headers: {x-trace-all: {present: true}}}
  - name: no-workloads
    workloads: [spiffe://shop.test/ns/shop/sa/orders]
    http: {path: "/guarded/{id}"}
    deny: {user: {provider: workloads}}
`, 1)
}

// manyRules is a policy of so many rules beside another, ten a route.
func manyRules(n int) string {
	var text strings.Builder
	text.WriteString(`---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: many, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
`)
	for route := range n / 10 {
		fmt.Fprintf(&text, "  - name: r%d\n    http: {methods: [GET], path: \"/many/r%d/{id}\"}\n    allow:\n", route, route)
		for rule := range 10 {
			fmt.Fprintf(&text, "    - {callers: [spiffe://shop.test/ns/shop/sa/s%d-%d]}\n", route, rule)
		}
	}
	return text.String()
}

// TestWhoIsCutOffIsFoundWithoutMemory: nor does a Revocation cost any, while it cuts off others.
func TestWhoIsCutOffIsFoundWithoutMemory(t *testing.T) {
	w := newFullWorld(t)
	server := extauthz.Poisoned(extauthz.Config{Current: w.current, Records: nothing{}, Metrics: nothing{}, Log: zap.NewNop(), Now: time.Now})
	w.revoke(t,
		identity.RevocationEntry{Callers: []string{"spiffe://shop.test/ns/else/**"}},
		identity.RevocationEntry{TrustDomain: "shop.test", Serials: []string{"00"}},
		identity.RevocationEntry{Providers: []string{"shop-idp"}, Subjects: []string{"mallory"}})
	empty := &revocation.List{}
	for name, c := range map[string]*authv3.CheckRequest{
		"a caller": hot(w.of(t, web, "caller", "a")), "a user": hot(w.user(t, "alice", "a")), "a JWT-SVID": hot(w.workload(t, web, "a")),
	} {
		for range 2 {
			if r := w.ask(t, c); !allowed(r) {
				t.Fatal(name, r)
			}
			if n := allocations(t, server, c); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
			w.current.Update(func(s *extauthz.Snapshot) { s.Revoked = empty })
		}
	}
}
