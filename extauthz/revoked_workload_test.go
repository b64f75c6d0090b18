package extauthz_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
)

const workloadsPolicy = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: mine
    http: {methods: [GET], path: /mine}
    allow: [{callers: [anyone], user: {provider: workloads, subjects: spiffe://shop.test/ns/shop/sa/web}}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: workloads}
spec:
  jwt: {trustDomain: shop.test, audiences: [orders], maxLifetime: 1h}
`

// TestAWorkloadIsCutOffByItsJWTSVIDToo: who stole a workload's certificate has its JWT-SVIDs as well.
func TestAWorkloadIsCutOffByItsJWTSVIDToo(t *testing.T) {
	w := newWorld(t)
	key := minttest.Key(t, "ES256", "k1")
	jwk := key.JWK()
	jwk["use"] = "jwt-svid"
	text, err := json.Marshal(map[string]any{"keys": []any{jwk}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jose.ParseJWTBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := jwtsvid.NewBundle(spiffeid.RequireTrustDomainFromString("shop.test"), keys)
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := jwtsvid.NewBundles(bundle)
	if err != nil {
		t.Fatal(err)
	}
	users, set := provider.NewManager(provider.Options{}), compile(t, workloadsPolicy)
	if err := users.Configure(set.Providers()); err != nil {
		t.Fatal(err)
	}
	users.Trust(bundles)
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy, s.Users = set, users.Current() })
	token := minttest.Sign(t, key, key.Header("JWT"), map[string]any{
		"sub": web, "aud": []string{"orders"}, "iat": w.now.Add(-time.Second).Unix(), "exp": w.now.Add(5 * time.Minute).Unix(),
	})
	c := check(t, w, "", setPath("/mine"), addHeader("authorization", "Bearer "+token))
	for _, tc := range []struct {
		pattern string
		want    bool
	}{{orders, false}, {web, true}, {"spiffe://shop.test/**", true}, {"spiffe://partner.test/**", false}} {
		w.revoke(t, identity.RevocationEntry{Callers: []string{tc.pattern}})
		if r := w.ask(t, c); tc.want {
			wantReason(t, r, "token_revoked")
		} else if !allowed(r) {
			t.Errorf("%s: %v", tc.pattern, r)
		}
	}
}
