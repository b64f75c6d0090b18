//go:build !race

package extauthz_test

import (
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// everyRule has a route for each thing that a rule can ask for without a condition.
const everyRule = `---
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: every, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  groups:
    frontends: [spiffe://shop.test/ns/shop/sa/mobile, spiffe://shop.test/ns/shop/sa/web]
  routes:
  - name: grpc
    grpc: {service: shop.v1.Orders, methods: [Get, List]}
    allow: [{callers: [group:frontends]}]
  - name: several
    http: {methods: [GET, POST], path: "/r/{a}/{b}/x/{c...}", hosts: [a.shop.test, b.shop.test]}
    allow: [{callers: ["spiffe://shop.test/ns/else/**", "spiffe://shop.test/ns/*/sa/web"]}]
  - name: socket
    http: {methods: [GET], path: /socket, upgrade: [websocket]}
    allow: [{callers: [anyone]}]
  - name: fields
    http: {methods: ["*"], path: /fields}
    allow: [{callers: [anyone], headers: {x-first: {any: [one, two]}, x-second: {all: [one, two]}, x-third: {present: false}}, source: [192.168.0.0/16, 10.0.0.0/8]}]
  - name: claims
    http: {methods: [GET], path: /claims}
    allow:
    - callers: [anyone]
      user:
        provider: browser
        subjects: {any: [bob, alice]}
        clients: {any: [cli, shop-web]}
        audiences: {any: [other, shop-api]}
        scopes: {all: [orders:read, orders:pay]}
        roles: {any: [clerk, buyer]}
        acr: {any: [pwd, mfa]}
        amr: {all: [pwd, otp]}
        maxAge: 10m
  - name: second
    http: {methods: [GET], path: /second}
    deny: [{callers: [spiffe://partner.test/ally]}, {callers: [anyone], user: {provider: shop-idp, subjects: mallory}}]
    allow: [{callers: [anyone], user: {provider: shop-idp, roles: admin}}, {callers: [anyone], user: {provider: shop-idp, scopes: orders:read}}]
  - name: mallory
    http: {methods: [GET], path: /mallory}
    allow: [{callers: [anyone], user: {provider: shop-idp, subjects: mallory, acr: mfa}}]
  - name: cookie
    http: {methods: [GET], path: /cookie}
    allow: [{callers: [anyone], user: {provider: [browser, shop-idp, tickets]}}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: browser}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop-api], algorithms: [ES256], jwks: {file: keys.json}}
  from: {cookie: __Host-session}
  claims: {roles: [realm_access, roles]}
`

// TestNoKindOfRuleTakesMemory is TestTheHotPathTakesNoMemory for what rules ask for, and what requests are like.
// A segment that has to be decoded takes some, and what a connection begins with or is refused for.
func TestNoKindOfRuleTakesMemory(t *testing.T) {
	w := newFullWorld(t)
	if err := w.users.Configure(w.enforce(t, fullPolicy+everyRule)); err != nil {
		t.Fatal(err)
	}
	server := extauthz.Poisoned(extauthz.Config{Current: w.current, Records: nothing{}, Metrics: nothing{}, Log: zap.NewNop(), Now: time.Now})
	alice := minttest.Token(t, w.key, w.now, mint.Set("sub", "alice"), mint.Set("scope", "profile orders:read orders:pay"), mint.Set("amr", []string{"pwd", "otp"}))
	bearer := addHeader("authorization", "Bearer "+alice)
	at := func(caller, path string, edits ...func(*authv3.AttributeContext)) *authv3.CheckRequest {
		c := hot(check(t, w.world, caller, setPath(path)))
		for _, edit := range edits {
			edit(c.GetAttributes())
		}
		return c
	}
	cookie := func(a *authv3.AttributeContext) {
		for _, h := range a.GetRequest().GetHttp().GetHeaderMap().GetHeaders() {
			if h.GetKey() == "cookie" {
				h.RawValue = []byte("theme=dark; __Host-session=" + alice)
			}
		}
	}
	grpc := edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method, h.Protocol = "POST", "HTTP/2" })
	for name, row := range map[string]struct {
		check *authv3.CheckRequest
		want  string
		most  float64
	}{
		"gRPC":               {at(web, "/shop.v1.Orders/List", grpc, addHeader("content-type", "application/grpc+proto")), "allowed", 0},
		"templates":          {at(web, "/r/1/Ab/x/y/z?page=2&q=a%20b", edit(func(h *authv3.AttributeContext_HttpRequest) { h.Host = "b.shop.test:8443" })), "allowed", 0},
		"an escape":          {at(web, "/caller/%41b"), "allowed", 1},
		"upgrade":            {at("", "/socket", addHeader("upgrade", "websocket"), addHeader("connection", "upgrade")), "allowed", 1},
		"fields":             {at("", "/fields", addHeader("x-first", "two"), addHeader("x-second", "one"), addHeader("x-second", "two")), "allowed", 0},
		"claims":             {at("", "/claims", cookie), "allowed", 0},
		"second":             {at("", "/second", bearer), "allowed", 0},
		"cookie":             {at("", "/cookie", cookie), "allowed", 0},
		"a user who may not": {at("", "/mallory", bearer), "not_granted", 0},
		"no user":            {at("", "/second"), "credential_missing", 0},
		"a bad user":         {at("", "/second", addHeader("authorization", "Bearer x")), "token_malformed", 5},
	} {
		t.Run(name, func(t *testing.T) {
			w.remembered(t, row.check, row.want)
			if n := allocations(t, server, row.check); n > row.most {
				t.Errorf("%v allocations, want %v", n, row.most)
			}
		})
	}
}
