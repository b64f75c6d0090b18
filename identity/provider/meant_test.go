package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/policy/syntax"
)

const meantProviders = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: users}
spec:
  jwt: {issuer: "` + mint.Issuer + `", audiences: [shop-api, orders], algorithms: [ES256], jwks: {discovery: true}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: staff}
spec:
  jwt: {issuer: "` + mint.Issuer + `", audiences: [staff-api], algorithms: [ES256], jwks: {discovery: true}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: workloads}
spec:
  from: {header: x-workload}
  jwt: {trustDomain: shop.test, audiences: [orders]}
`

func TestMeantUnverified(t *testing.T) {
	documents, err := syntax.Parse("p.yaml", []byte(meantProviders))
	if err != nil {
		t.Fatal(err)
	}
	var all []identity.Provider
	for i := range documents {
		all = append(all, *documents[i].IdentityProvider)
	}
	key, now := minttest.Key(t, "ES256", "k1"), time.Now()
	token := func(iss, sub string, aud ...string) string {
		return minttest.Sign(t, key, key.Header("JWT"), map[string]any{"iss": iss, "sub": sub, "aud": aud, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()})
	}
	const web = "spiffe://shop.test/web"
	for name, tc := range map[string]struct{ token, want string }{
		"a user":                       {token(mint.Issuer, "alice", "shop-api"), "users"},
		"of the other audience":        {token(mint.Issuer, "alice", "staff-api"), "staff"},
		"of both":                      {token(mint.Issuer, "alice", "staff-api", "shop-api"), "users staff"},
		"of neither":                   {token(mint.Issuer, "alice", "shop-web"), "users staff"},
		"a workload":                   {token("", web, "orders"), "workloads"},
		"a workload of SPIRE's issuer": {token("https://spire.test", web, "orders"), "workloads"},
		"a workload of another":        {token("https://spire.test", "spiffe://other.test/web", "orders"), ""},
		"another issuer":               {token("https://evil.test", "alice", "shop-api"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			meant, err := provider.MeantUnverified(all, tc.token)
			var names []string
			for _, p := range meant {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, " "); err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
	// Whose issuer says iss, and whose member sub: each provider would take it, if its keys did.
	if meant, err := provider.MeantUnverified(all, token(mint.Issuer, web, "orders")); err != nil || len(meant) != 2 {
		t.Errorf("a workload of the issuer of users: %d, %v", len(meant), err)
	}
	if meant, err := provider.MeantUnverified(all, "canary.canary.canary"); meant != nil || err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("no token: %v, %v", meant, err)
	}
	all[0].JWT = &identity.JWTIssuer{}
	if _, err := provider.MeantUnverified(all, token(mint.Issuer, "alice", "shop-api")); err == nil {
		t.Error("a provider that is none is taken")
	}
}
