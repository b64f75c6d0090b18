package provider_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/trustdomain"
	"github.com/postern/postern/identity/reason"
)

// workloads returns a provider of JWT-SVIDs.
func workloads(name, domain string, audiences ...string) identity.Provider {
	return identity.Provider{
		Name: name, From: identity.Place{Header: "authorization", Scheme: "Bearer"},
		JWTSVID: &identity.JWTSVIDs{
			TrustDomain: domain, Audiences: audiences, Algorithms: identity.JWTSVIDAlgorithms(),
			MaxLifetime: time.Hour, MaxSize: 8 << 10, Skew: 30 * time.Second,
		},
	}
}

func signSVID(t testing.TB, key *mint.Key, edits ...func(map[string]any)) string {
	t.Helper()
	claims := map[string]any{"sub": "spiffe://shop.test/web", "aud": []string{"orders"}, "iat": now().Unix(), "exp": now().Add(5 * time.Minute).Unix()}
	for _, edit := range edits {
		edit(claims)
	}
	return minttest.Sign(t, key, key.Header("JWT"), claims)
}

func trusted(t testing.TB, domains map[string]*mint.Key) *jwtsvid.Bundles {
	t.Helper()
	var list []jwtsvid.Bundle
	for name, key := range domains {
		jwk := key.JWK()
		jwk["use"] = "jwt-svid"
		text, err := json.Marshal(map[string]any{"keys": []any{jwk}})
		if err != nil {
			t.Fatal(err)
		}
		set, err := jose.ParseJWTBundle(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := jwtsvid.NewBundle(spiffeid.RequireTrustDomainFromString(name), set)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	set, err := jwtsvid.NewBundles(list...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestChoosingAmongWorkloads has providers of JWT-SVIDs and of an issuer that read one place.
func TestChoosingAmongWorkloads(t *testing.T) {
	shop, ally, ours := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, ours)
	all := []identity.Provider{
		issuer(idp, "idp"),
		workloads("shop", "shop.test", "orders"),
		workloads("ally", "partner.test", "orders"),
		workloads("admin", "shop.test", "admin"),
		workloads("shop-too", "shop.test", "orders", "x"),
	}
	m := manager(t, provider.Options{})
	m.Trust(trusted(t, map[string]*mint.Key{"shop.test": shop, "partner.test": ally}))
	configure(t, m, all...)
	keystest.Until(t, "keys", func() bool { return keyed(m.Current()) })
	configure(t, m, all...) // the source has keys a moment before the Set that holds them
	fromAlly := mint.Set("sub", "spiffe://partner.test/web")
	for name, tc := range map[string]struct {
		names []string
		token string
		want  string // the provider, or the reason
	}{
		"by trust domain":                         {[]string{"shop", "ally"}, signSVID(t, shop), "shop"},
		"by the other":                            {[]string{"shop", "ally"}, signSVID(t, ally, fromAlly), "ally"},
		"one's name, the other's key":             {[]string{"shop", "ally"}, signSVID(t, ally), "token_signature"},
		"the other's name, one's key":             {[]string{"shop", "ally"}, signSVID(t, shop, fromAlly), "token_signature"},
		"neither's":                               {[]string{"shop", "ally"}, signSVID(t, shop, mint.Set("sub", "spiffe://a.test/web")), "token_issuer"},
		"an access token, of an issuer":           {[]string{"idp", "shop"}, sign(t, idp, ours), "idp"},
		"a JWT-SVID, beside an issuer":            {[]string{"idp", "shop"}, signSVID(t, shop), "shop"},
		"an access token of somebody's":           {[]string{"idp", "shop"}, sign(t, idp, ours, mint.Set("iss", "https://a.test")), "token_issuer"},
		"an access token where JWT-SVIDs are":     {[]string{"shop"}, sign(t, idp, ours), "token_type"},
		"a JWT-SVID where an access token is":     {[]string{"idp"}, signSVID(t, shop), "token_claims"},
		"of both, made for one":                   {[]string{"idp", "shop"}, signSVID(t, shop, mint.Set("iss", idp.URL)), "shop"},
		"of both, made for both":                  {[]string{"idp", "shop"}, signSVID(t, shop, mint.Set("iss", idp.URL), mint.Set("aud", []string{"orders", "shop-api"})), "token_audience"},
		"of both, made for none":                  {[]string{"idp", "shop"}, signSVID(t, shop, mint.Set("iss", idp.URL), mint.Set("aud", "x")), "token_audience"},
		"an issuer's, with a SPIFFE ID, for both": {[]string{"idp", "shop"}, sign(t, idp, ours, mint.Set("sub", "spiffe://shop.test/web"), mint.Set("aud", []string{"orders", "shop-api"})), "token_audience"},
		"by audience":                             {[]string{"shop", "admin"}, signSVID(t, shop, mint.Set("aud", "admin")), "admin"},
		"of both audiences":                       {[]string{"shop", "admin"}, signSVID(t, shop, mint.Set("aud", []string{"orders", "admin"})), "token_audience"},
		"of neither audience":                     {[]string{"shop", "admin"}, signSVID(t, shop, mint.Set("aud", "x")), "token_audience"},
		"two that are alike":                      {[]string{"shop", "shop-too"}, signSVID(t, shop), "token_audience"},
	} {
		t.Run(name, func(t *testing.T) {
			c := m.Current().Authenticate(context.Background(), tc.names, bearer(tc.token).request(), now(), identity.Caller{})
			got := c.Reason.String()
			if c.User != nil {
				got = c.User.Provider
			}
			if got != tc.want {
				t.Errorf("got %s (%v), want %s", got, c.Cause, tc.want)
			}
		})
	}
	for names, ok := range map[string]bool{"shop ally": true, "shop admin": true, "shop idp": true, "idp admin ally shop": true, "shop shop-too": false, "shop-too admin shop": false} {
		if err := provider.Check(all, strings.Fields(names)); (err == nil) != ok {
			t.Errorf("Check(%s): %v", names, err)
		}
	}
}

// TestTrustIsInForceAtOnce: when Trust returns, the sets that were told before it go on as they were,
// and the next verify by nothing else.
func TestTrustIsInForceAtOnce(t *testing.T) {
	key, next := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	idp := keystest.New(t, key)
	var mu sync.Mutex
	var told *provider.Set
	m := manager(t, provider.Options{Changed: func(s *provider.Set) {
		mu.Lock()
		defer mu.Unlock()
		told = s
	}})
	configure(t, m, workloads("shop", "shop.test", "orders"), issuer(idp, "idp"))
	raw := signSVID(t, key)
	ask := func(want reason.Code) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		expect(t, told.Authenticate(context.Background(), []string{"shop"}, bearer(raw).request(), now(), identity.Caller{}), want)
		expect(t, m.Current().Authenticate(context.Background(), []string{"shop"}, bearer(raw).request(), now(), identity.Caller{}), want)
	}
	ask(reason.KeysUnavailable)
	m.Trust(trusted(t, map[string]*mint.Key{"shop.test": key}))
	ask(reason.Allowed)
	ask(reason.Allowed) // which is kept
	old := m.Current()
	m.Trust(trusted(t, map[string]*mint.Key{"shop.test": next}))
	ask(reason.TokenKeyUnknown)
	expect(t, old.Authenticate(context.Background(), []string{"shop"}, bearer(raw).request(), now(), identity.Caller{}), reason.Allowed)
	m.Trust(trusted(t, map[string]*mint.Key{"partner.test": key}))
	ask(reason.KeysUnavailable)
	m.Trust(nil)
	ask(reason.KeysUnavailable)
	status := m.Current().Status()
	if len(status) != 2 || status[1].Kind != trustdomain.KindName || status[1].Keys == nil || status[1].Keys.Error == "" {
		t.Errorf("%+v", status)
	}
	broken := workloads("shop", "Shop.test", "orders")
	if err := m.Configure([]identity.Provider{broken}); err == nil {
		t.Error("configured with a trust domain that is none")
	}
}
