package provider_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/reason"
)

// now is the time of every request; the issuers of these tests are real, and so is their clock.
func now() time.Time { return time.Now() }

// issuer returns the configuration of a provider whose keys are those of idp.
func issuer(idp *keystest.Issuer, name string, edits ...func(*identity.Provider)) identity.Provider {
	p := identity.Provider{
		Name:   name,
		Digest: [32]byte{1},
		From:   identity.Place{Header: "authorization", Scheme: "Bearer"},
		Claims: identity.ClaimMap{Subject: []string{"sub"}, Scopes: []string{"scope"}},
		JWT: &identity.JWTIssuer{
			Issuer:      idp.URL,
			Audiences:   []string{mint.Audience},
			Algorithms:  []string{"ES256", "RS256", "EdDSA"},
			Use:         identity.UseAccess,
			Types:       []string{"", "jwt", "at+jwt"},
			Skew:        30 * time.Second,
			MaxLifetime: 24 * time.Hour,
			MaxSize:     8 << 10,
			Keys:        idp.ByURL(),
		},
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

// sign returns a sound token of idp, but for the edits.
func sign(t testing.TB, idp *keystest.Issuer, key *mint.Key, edits ...func(map[string]any)) string {
	t.Helper()
	return minttest.Token(t, key, now(), append([]func(map[string]any){mint.Set("iss", idp.URL)}, edits...)...)
}

// manager returns a Manager at work that ends with the test.
func manager(t testing.TB, o provider.Options) *provider.Manager {
	t.Helper()
	if o.Interval == 0 {
		o.Interval = 10 * time.Millisecond
	}
	m := provider.NewManager(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { m.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return m
}

// started returns a Manager whose providers all have keys.
func started(t testing.TB, providers ...identity.Provider) *provider.Manager {
	t.Helper()
	m := manager(t, provider.Options{})
	configure(t, m, providers...)
	keystest.Until(t, "keys", func() bool { return keyed(m.Current()) })
	configure(t, m, providers...) // the source has keys a moment before the Set that holds them
	return m
}

func configure(t testing.TB, m *provider.Manager, providers ...identity.Provider) {
	t.Helper()
	if err := m.Configure(providers); err != nil {
		t.Fatal(err)
	}
}

// keyed says whether every provider of a set has a key.
func keyed(set *provider.Set) bool {
	for _, s := range set.Status() {
		if s.Keys == nil || s.Keys.Keys == 0 {
			return false
		}
	}
	return true
}

// expect holds the reason of a result, and all that follows from it.
func expect(t *testing.T, c identity.Credential, want reason.Code) {
	t.Helper()
	proven := want == reason.Allowed
	switch {
	case c.Reason != want:
		t.Errorf("got %v (%v), want %v", c.Reason, c.Cause, want)
	case (c.User != nil) != proven || (c.Cause == nil) != (proven || want == reason.CredentialMissing):
		t.Errorf("user %v, cause %v for %v", c.User, c.Cause, c.Reason)
	case c.Presented != (want != reason.CredentialMissing && want != reason.Internal):
		t.Errorf("presented %v for %v", c.Presented, c.Reason)
	case (c.RetryAfter > 0) != want.Unavailable() && want != reason.Internal:
		t.Errorf("retry after %d s for %v", c.RetryAfter, c.Reason)
	}
}

func bearer(token string) headers { return raw("authorization", "Bearer "+token) }

func TestAuthenticate(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp"))
	c := m.Current().Authenticate(context.Background(), []string{"idp"}, bearer(sign(t, idp, key)).request(), now(), identity.Caller{})
	expect(t, c, reason.Allowed)
	if c.User.Provider != "idp" || c.User.Subject != "alice" || c.User.KeyID != "k1" {
		t.Errorf("user %+v", c.User)
	}
}

func TestNobodyLooked(t *testing.T) {
	idp := keystest.New(t)
	m := manager(t, provider.Options{})
	configure(t, m, issuer(idp, "idp"))
	h := bearer("canary")
	if c := m.Current().Authenticate(context.Background(), nil, h.request(), now(), identity.Caller{}); c != (identity.Credential{}) {
		t.Errorf("no names: %+v", c)
	}
	expect(t, m.Current().Authenticate(context.Background(), []string{"idp", "other"}, h.request(), now(), identity.Caller{}), reason.Internal)
	var none *provider.Set
	expect(t, none.Authenticate(context.Background(), []string{"idp"}, h.request(), now(), identity.Caller{}), reason.Internal)
	if none.Status() != nil {
		t.Error("a nil set has a status")
	}
}

func TestTwoPlaces(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t,
		issuer(idp, "api"),
		issuer(idp, "web", func(p *identity.Provider) { p.From = identity.Place{Cookie: "sid"} }))
	token := sign(t, idp, key)
	both := []string{"api", "web", "api"}
	for name, tc := range map[string]struct {
		names   []string
		headers headers
		want    reason.Code
	}{
		"one":                       {both, bearer(token), reason.Allowed},
		"the other":                 {both, raw("cookie", "sid="+token), reason.Allowed},
		"both":                      {both, raw("authorization", "Bearer "+token, "cookie", "sid="+token), reason.CredentialDuplicate},
		"a good and a bad":          {both, raw("authorization", "Bearer "+token, "cookie", "sid=x"), reason.CredentialDuplicate},
		"a bad and a good":          {both, raw("authorization", "Bearer", "cookie", "sid="+token), reason.CredentialDuplicate},
		"a duplicate and a good":    {both, raw("authorization", "Bearer a,Bearer b", "cookie", "sid="+token), reason.CredentialDuplicate},
		"one bad":                   {both, raw("cookie", "sid=\"\""), reason.TokenMalformed},
		"neither":                   {both, raw("cookie", "a=1", "authorization", "Basic dTpw"), reason.CredentialMissing},
		"both, and one is read":     {[]string{"web"}, raw("authorization", "Bearer x", "cookie", "sid="+token), reason.Allowed},
		"at a place that is unread": {[]string{"web"}, bearer(token), reason.CredentialMissing},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, m.Current().Authenticate(context.Background(), tc.names, tc.headers.request(), now(), identity.Caller{}), tc.want)
		})
	}
}

// TestChoosing has several providers that read one place.
func TestChoosing(t *testing.T) {
	ka, kb := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k1")
	a, b := keystest.New(t, ka), keystest.New(t, kb)
	audience := func(aud string) func(*identity.Provider) {
		return func(p *identity.Provider) { p.JWT.Audiences = []string{aud} }
	}
	all := []identity.Provider{
		issuer(a, "a"),
		issuer(b, "b"),
		issuer(a, "admin", audience("admin-api")),
		issuer(a, "a-too", func(p *identity.Provider) { p.Digest[0] = 2 }),
	}
	m := started(t, all...)
	aud := func(v any) func(map[string]any) { return mint.Set("aud", v) }
	for name, tc := range map[string]struct {
		names []string
		token string
		want  string // the provider, or the reason
	}{
		"by issuer":                    {[]string{"a", "b"}, sign(t, a, ka), "a"},
		"by the other issuer":          {[]string{"a", "b"}, sign(t, b, kb), "b"},
		"one's name, the other's key":  {[]string{"a", "b"}, sign(t, a, kb), "token_signature"},
		"neither issuer":               {[]string{"a", "b"}, sign(t, a, ka, mint.Set("iss", "https://canary.test")), "token_issuer"},
		"no issuer":                    {[]string{"a", "b"}, sign(t, a, ka, mint.Without("iss")), "token_issuer"},
		"an issuer that is not read":   {[]string{"a"}, sign(t, b, kb), "token_issuer"},
		"malformed":                    {[]string{"a", "b"}, "x", "token_malformed"},
		"by audience":                  {[]string{"a", "admin"}, sign(t, a, ka), "a"},
		"by the other audience":        {[]string{"admin", "a"}, sign(t, a, ka, aud("admin-api")), "admin"},
		"of three":                     {[]string{"admin", "b", "a"}, sign(t, b, kb), "b"},
		"neither audience":             {[]string{"a", "admin"}, sign(t, a, ka, aud("x")), "token_audience"},
		"both audiences":               {[]string{"a", "admin"}, sign(t, a, ka, aud([]string{"shop-api", "admin-api"})), "token_audience"},
		"both audiences, one is read":  {[]string{"admin"}, sign(t, a, ka, aud([]string{"shop-api", "admin-api"})), "admin"},
		"audience of no issuer's":      {[]string{"a", "b"}, sign(t, a, ka, aud("x")), "token_audience"},
		"two that are alike":           {[]string{"a", "a-too"}, sign(t, a, ka), "token_audience"},
		"no second chance after a bad": {[]string{"a", "b"}, sign(t, b, kb, mint.Set("cnf", map[string]any{})), "token_binding"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time, whose a proven one is is known
				c := m.Current().Authenticate(context.Background(), tc.names, bearer(tc.token).request(), now(), identity.Caller{})
				got := c.Reason.String()
				if c.User != nil {
					got = c.User.Provider
				}
				if got != tc.want {
					t.Errorf("got %s (%v), want %s", got, c.Cause, tc.want)
				}
			}
		})
	}
	for names, ok := range map[string]bool{"": true, "a": true, "a b admin": true, "a a": true, "a a-too": false, "a-too b admin": true, "a x": false} {
		if err := provider.Check(all, strings.Fields(names)); (err == nil) != ok {
			t.Errorf("Check(%s): %v", names, err)
		}
	}
}

// TestSizeIsTheProvidersOwn: where two providers read one place, the smaller bound still binds.
func TestSizeIsTheProvidersOwn(t *testing.T) {
	ka, kb := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k1")
	a, b := keystest.New(t, ka), keystest.New(t, kb)
	m := started(t, issuer(a, "a", func(p *identity.Provider) { p.JWT.MaxSize = 1024 }), issuer(b, "b"))
	big := mint.Set("big", strings.Repeat("x", 1024))
	names := []string{"a", "b"}
	expect(t, m.Current().Authenticate(context.Background(), names, bearer(sign(t, a, ka, big)).request(), now(), identity.Caller{}), reason.TokenTooLarge)
	expect(t, m.Current().Authenticate(context.Background(), names, bearer(sign(t, b, kb, big)).request(), now(), identity.Caller{}), reason.Allowed)
	huge := mint.Set("big", strings.Repeat("x", 8<<10))
	expect(t, m.Current().Authenticate(context.Background(), names, bearer(sign(t, b, kb, huge)).request(), now(), identity.Caller{}), reason.TokenTooLarge)
}

// TestCanary: whatever is wrong, neither the result nor the status prints a part of a token.
func TestCanary(t *testing.T) {
	key, stranger := minttest.Key(t, "ES256", "canary-kid"), minttest.Key(t, "ES256", "canary-other")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp"))
	sound := sign(t, idp, key, mint.Set("sub", "canary-subject"))
	tokens := map[string]string{
		"malformed": "canary", "cut off": sound[:len(sound)-9], "with more": sound + ".canary", "stranger": sign(t, idp, stranger),
		"issuer": sign(t, idp, key, mint.Set("iss", "https://canary.test")), "audience": sign(t, idp, key, mint.Set("aud", "canary")),
		"use": sign(t, idp, key, mint.Set("typ", "canary")), "subject": sign(t, idp, key, mint.Set("sub", "canary\n")),
		"scope": sign(t, idp, key, mint.Set("scope", `canary"`)), "bound": sign(t, idp, key, mint.Set("cnf", map[string]any{"jkt": "canary"})),
		"alg":  minttest.Sign(t, key, map[string]any{"alg": "canary"}, mint.Claims(now())),
		"typ":  minttest.Sign(t, key, key.Header("canary"), mint.Claims(now())),
		"kid":  minttest.Sign(t, key, map[string]any{"alg": "ES256", "kid": "canary"}, mint.Claims(now(), mint.Set("iss", idp.URL))),
		"jku":  minttest.Sign(t, key, map[string]any{"alg": "ES256", "jku": "https://canary.test"}, mint.Claims(now())),
		"JSON": minttest.SignRaw(t, key, []byte(`{"alg":"ES256"}`), []byte(`{"canary":canary}`)),
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			for _, h := range []headers{bearer(token), raw("authorization", "Bearer "+token+" canary"), raw("authorization", "Bearer "+token+",canary"), raw("authorization", "canary "+token)} {
				c := m.Current().Authenticate(context.Background(), []string{"idp"}, h.request(), now(), identity.Caller{})
				text := fmt.Sprintf("%v %+v %#v", c.Cause, c, c.Cause)
				if c.User != nil || strings.Contains(text, "canary") || strings.Contains(text, token) {
					t.Errorf("printed as %s", text)
				}
				for _, part := range strings.Split(token, ".") {
					if len(part) > 8 && strings.Contains(text, part) {
						t.Errorf("printed as %s", text)
					}
				}
			}
		})
	}
}
