package identity_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/identity"
)

func ExampleProvider_Terms() {
	mesh := identity.Provider{Name: "mesh", JWTSVID: &identity.JWTSVIDs{TrustDomain: "shop.test", Audiences: []string{"orders"}}}
	terms := mesh.Terms()
	fmt.Println(terms.Issuer, terms.TrustDomain, terms.Audiences)
	// Output: spiffe://shop.test shop.test [orders]
}

// TestTermsOfEachKind: what a kind is configured with is what its terms say.
func TestTermsOfEachKind(t *testing.T) {
	for name, p := range map[string]identity.Provider{
		"https://idp.shop.test": {JWT: &identity.JWTIssuer{Issuer: "https://idp.shop.test", Audiences: []string{"a"}, Skew: time.Second, MaxLifetime: time.Hour}},
		"spiffe://shop.test":    {JWTSVID: &identity.JWTSVIDs{TrustDomain: "shop.test", Audiences: []string{"a"}, Skew: time.Second, MaxLifetime: time.Hour}},
	} {
		got := p.Terms()
		if got.Issuer != name || len(got.Audiences) != 1 || got.Skew != time.Second || got.MaxLifetime != time.Hour || (got.TrustDomain != "") != (p.JWTSVID != nil) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (identity.Provider{Name: "x"}).Terms(); got.Issuer != "" || got.TrustDomain != "" || got.Audiences != nil || got.Skew != 0 || got.MaxLifetime != 0 {
		t.Errorf("a provider of no known kind has %+v", got)
	}
}

func TestAlike(t *testing.T) {
	bearer, cookie := identity.Place{Header: "authorization", Scheme: "Bearer"}, identity.Place{Cookie: "__Host-s"}
	idp := func(issuer string, from identity.Place, audiences ...string) identity.Provider {
		return identity.Provider{From: from, JWT: &identity.JWTIssuer{Issuer: issuer, Audiences: audiences}}
	}
	mesh := func(domain string, from identity.Place, audiences ...string) identity.Provider {
		return identity.Provider{From: from, JWTSVID: &identity.JWTSVIDs{TrustDomain: domain, Audiences: audiences}}
	}
	other := identity.Provider{From: bearer}
	for name, tc := range map[string]struct {
		a, b        identity.Provider
		same, alike bool
	}{
		"one issuer":                    {idp("https://a", bearer, "x", "y"), idp("https://a", bearer, "y"), true, true},
		"one issuer, other audiences":   {idp("https://a", bearer, "x"), idp("https://a", bearer, "y"), true, false},
		"one issuer, other places":      {idp("https://a", bearer, "x"), idp("https://a", cookie, "x"), true, false},
		"two issuers":                   {idp("https://a", bearer, "x"), idp("https://b", bearer, "x"), false, false},
		"one trust domain":              {mesh("a.test", bearer, "x"), mesh("a.test", bearer, "x"), true, true},
		"two trust domains":             {mesh("a.test", bearer, "x"), mesh("b.test", bearer, "x"), false, false},
		"an issuer and a trust domain":  {idp("a.test", bearer, "x"), mesh("a.test", bearer, "x"), false, false},
		"two of which nothing is known": {other, other, false, false},
		"an issuer and another kind":    {idp("https://a", bearer, "x"), other, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]identity.Provider{{tc.a, tc.b}, {tc.b, tc.a}} {
				if pair[0].SameSource(pair[1]) != tc.same || pair[0].Alike(pair[1]) != tc.alike {
					t.Errorf("same source %v, alike %v", pair[0].SameSource(pair[1]), pair[0].Alike(pair[1]))
				}
			}
		})
	}
}

func TestLasting(t *testing.T) {
	for want, terms := range map[time.Duration]identity.Terms{
		time.Hour + time.Minute: {MaxLifetime: time.Hour, Skew: 30 * time.Second},
		time.Hour:               {MaxLifetime: time.Hour},
		0:                       {Skew: 30 * time.Second}, // it does not say
	} {
		if got := terms.Lasting(); got != want {
			t.Errorf("%+v: %v, want %v", terms, got, want)
		}
	}
}
