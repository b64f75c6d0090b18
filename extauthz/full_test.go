package extauthz_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/svid"
)

// fullPolicy has a route for each part of a decision that could remember something.
const fullPolicy = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  deny:
  - {name: no-debugging, headers: {x-debug: {present: true}}}
  - {name: no-guests, headers: {x-kind: guests}}
  routes:
  - name: caller
    http: {methods: [GET], path: "/caller/{id}"}
    allow: [{name: frontends, callers: [spiffe://shop.test/ns/shop/sa/*]}]
  - name: anyone
    http: {methods: [GET], path: "/anyone/{id}"}
    allow: [{callers: [anyone]}]
  - name: user
    http: {methods: [GET], path: "/user/{id}"}
    allow: [{callers: [anyone], user: {provider: shop-idp}}]
  - name: workload
    http: {methods: [GET], path: "/workload/{id}"}
    allow: [{callers: [anyone], user: {provider: workloads}}]
  - name: ticket
    http: {methods: [GET], path: "/ticket/{id}"}
    allow: [{callers: [anyone], user: {provider: tickets}}]
  - name: condition
    http: {methods: [GET], path: "/condition/{id}"}
    allow:
    - callers: [anyone]
      when: params.id == header("x-id")[0] && query("id")[0] == params.id && request.host.startsWith(params.id) && request.id != params.id
  - name: shadow
    http: {methods: [GET], path: "/shadow/{id}"}
    allow: [{callers: [anyone]}]
    deny: [{name: soon, shadow: true, headers: {x-id: {present: true}}}]
  - name: fields
    http: {methods: [GET], path: "/fields/{id}"}
    allow: [{callers: [anyone], headers: {x-kind: fields}, source: [10.0.0.0/8]}]
---
apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  guardrails:
  - name: no-guests
    workloads: [spiffe://shop.test/ns/shop/sa/orders]
    deny: {source: [10.99.0.0/16]}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt: {issuer: "https://idp.shop.test/", audiences: [shop-api], algorithms: [ES256], jwks: {file: keys.json}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: workloads}
spec:
  jwt: {trustDomain: shop.test, audiences: [orders], maxLifetime: 1h}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: tickets}
spec:
  jwt: {issuer: "https://tickets.shop.test/", audiences: [shop-api], algorithms: [ES256], jwks: {file: keys.json}}
`

// A fullWorld is a world with a provider of each kind, and one of a kind that asks and panics.
type fullWorld struct {
	*world
	users     *provider.Manager
	providers []identity.Provider
	key       *mint.Key // of shop-idp
	workloads *mint.Key // of shop.test
	keys      string    // the file of shop-idp
	changed   chan struct{}

	asking sync.Mutex
	asked  map[string]int // tickets
}

// ticketOf is a ticket that its issuer knows as this subject.
func ticketOf(subject string) string { return "ticket-" + subject }

func newFullWorld(t testing.TB) *fullWorld {
	t.Helper()
	w := &fullWorld{
		world: newWorld(t), key: minttest.Key(t, "ES256", "k1"), workloads: minttest.Key(t, "ES256", "w1"),
		changed: make(chan struct{}, 1), asked: map[string]int{},
	}
	w.keys = minttest.File(t, "keys.json", mint.JWKS(w.key))
	w.users = provider.NewManager(provider.Options{Kinds: append(provider.Kinds(), ticketKind(w.issuerOfTickets)), Changed: func(set *provider.Set) {
		w.current.Update(func(s *extauthz.Snapshot) { s.Users = set })
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.users.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	w.providers = w.enforce(t, fullPolicy)
	w.trust(t, w.workloads)
	if err := w.users.Configure(w.providers); err != nil {
		t.Fatal(err)
	}
	w.until(t, "the keys are read", func() bool { return allowed(w.ask(t, w.user(t, "nobody", "first"))) })
	return w
}

// enforce makes a policy the one in force, and returns its providers.
func (w *fullWorld) enforce(t testing.TB, text string) []identity.Provider {
	t.Helper()
	set := compile(t, text)
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Digest = set, "digest" })
	providers := set.Providers()
	for i, p := range providers {
		switch p.Name {
		case "tickets":
			providers[i] = identity.Provider{Name: p.Name, From: identity.Place{Header: "authorization", Scheme: "Ticket"}}
		case "shop-idp", "browser":
			providers[i].JWT.Keys.File, providers[i].JWT.Keys.Root = w.keys, filepath.Dir(w.keys)
		}
	}
	return providers
}

// until waits for changes of the providers until one has come about.
func (w *fullWorld) until(t testing.TB, what string, is func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for !is() {
		select {
		case <-w.changed:
		case <-late:
			t.Fatalf("not before its time: %s", what)
		}
	}
}

// trust makes these keys the JWT authorities of shop.test. None is no bundle.
func (w *fullWorld) trust(t testing.TB, keys ...*mint.Key) {
	t.Helper()
	w.users.Trust(jwtBundles(t, time.Time{}, keys...))
}

// jwtBundles is a bundle of shop.test that is stale from a time on, or none without keys.
func jwtBundles(t testing.TB, until time.Time, keys ...*mint.Key) *jwtsvid.Bundles {
	t.Helper()
	all := []any{}
	for _, key := range keys {
		jwk := key.JWK()
		jwk["use"] = "jwt-svid"
		all = append(all, jwk)
	}
	var bundles []jwtsvid.Bundle
	if len(all) > 0 {
		text, err := json.Marshal(map[string]any{"keys": all})
		if err != nil {
			t.Fatal(err)
		}
		set, err := jose.ParseJWTBundle(text)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := jwtsvid.NewBundle(spiffeid.RequireTrustDomainFromString("shop.test"), set)
		if err != nil {
			t.Fatal(err)
		}
		bundles = append(bundles, bundle.Until(until))
	}
	made, err := jwtsvid.NewBundles(bundles...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// issuerOfTickets knows every ticket that ticketOf made, and panics at "panic".
func (w *fullWorld) issuerOfTickets(_ context.Context, ticket string) (string, error) {
	w.asking.Lock()
	defer w.asking.Unlock()
	ticket = strings.Clone(ticket)
	w.asked[ticket]++
	subject, ok := strings.CutPrefix(ticket, "ticket-")
	if !ok {
		panic("a ticket that nobody thought of")
	}
	return subject, nil
}

// of is a request for a route, in which everything that can be is of this name.
func (w *fullWorld) of(t testing.TB, caller, route, name string, edits ...func(*authv3.AttributeContext)) *authv3.CheckRequest {
	t.Helper()
	host := edit(func(h *authv3.AttributeContext_HttpRequest) { h.Host = name + ".shop.test" })
	return check(t, w.world, caller, append([]func(*authv3.AttributeContext){setPath("/" + route + "/" + name + "?id=" + name), host, addHeader("x-id", name)}, edits...)...)
}

// user is a request with a token of shop-idp for a subject.
func (w *fullWorld) user(t testing.TB, subject, name string, edits ...func(map[string]any)) *authv3.CheckRequest {
	t.Helper()
	token := minttest.Token(t, w.key, w.now, append([]func(map[string]any){mint.Set("sub", subject)}, edits...)...)
	return w.of(t, "", "user", name, addHeader("authorization", "Bearer "+token))
}

// workload is a request with a JWT-SVID.
func (w *fullWorld) workload(t testing.TB, id, name string) *authv3.CheckRequest {
	t.Helper()
	token := minttest.Sign(t, w.workloads, w.workloads.Header("JWT"), map[string]any{
		"sub": id, "aud": []string{"orders"}, "iat": w.now.Add(-time.Second).Unix(), "exp": w.now.Add(5 * time.Minute).Unix(),
	})
	return w.of(t, "", "workload", name, addHeader("authorization", "Bearer "+token))
}

// ticket is a request with a ticket, bound to it by its proof.
func (w *fullWorld) ticket(t testing.TB, ticket, name string) *authv3.CheckRequest {
	t.Helper()
	proof := "GET https://" + name + ".shop.test/ticket/" + name + "?id=" + name + " " + ticket
	return w.of(t, "", "ticket", name, addHeader("authorization", "Ticket "+ticket), addHeader("x-proof", proof))
}

// bundleOf is what verifies the certificates of these CAs, and goes stale at a time.
func bundleOf(t testing.TB, until time.Time, cas ...*mint.CA) *svid.Bundles {
	t.Helper()
	var all []svid.Bundle
	for _, ca := range cas {
		bundle, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bundle.Until(until))
	}
	bundles, err := svid.NewBundles(all...)
	if err != nil {
		t.Fatal(err)
	}
	return bundles
}
