package assertion_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	jwx "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwt"
)

const (
	orders = "spiffe://shop.test/ns/shop/sa/orders"
	web    = "spiffe://shop.test/ns/shop/sa/web"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 999_999_999, time.UTC)

// claims are those of a request by web for alice, but for the edits.
func claims(edits ...func(*assertion.Claims)) *assertion.Claims {
	c := &assertion.Claims{
		Issuer: orders, Audience: "orders-api", ID: "5c0b52a4-9b3e-4b0e-8f55-0d8a1b6a2f01",
		Caller: identity.ProvenCaller(spiffeid.RequireFromString(web), [32]byte{1}),
		User:   alice(), Method: "GET", Host: "orders.shop.test", Path: "/customers/c%2D1/orders/7",
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

func alice() *identity.User {
	return &identity.User{
		Provider: "shop-idp", Issuer: "https://idp.shop.test/", Subject: `al"i\ce é`, Client: "shop-app",
		Scopes: []string{"orders:read", "orders:pay"}, Roles: []string{"admin"}, ACR: "mfa",
		Actors: []identity.Actor{{Subject: "web", Issuer: "https://idp.shop.test/", Client: "c"}, {Subject: "gateway"}},
	}
}

func nobody(c *assertion.Claims)   { c.User = nil }
func noCaller(c *assertion.Claims) { c.Caller = identity.Caller{} }
func asserted(c *assertion.Claims) {
	c.Caller = identity.AssertedCaller(spiffeid.RequireFromString(web))
}

func signer(t testing.TB) *assertion.Signer {
	t.Helper()
	s, err := assertion.New(now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sign(t testing.TB, s *assertion.Signer, c *assertion.Claims, at time.Time) string {
	t.Helper()
	token, err := s.Sign(c, at)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// payload verifies a token by the strict reader of package jose, and returns its claims.
func payload(token string, set []byte) (map[string]any, error) {
	keys, err := jose.ParseKeySet(set)
	if err != nil {
		return nil, err
	}
	if len(keys.Skipped()) > 0 {
		return nil, fmt.Errorf("keys that cannot be used: %v", keys.Skipped())
	}
	parsed, err := jose.Parse(token, assertion.MaxSize)
	if err != nil {
		return nil, err
	}
	if parsed.Algorithm() != "ES256" || !strings.EqualFold(parsed.Type(), assertion.Type) {
		return nil, fmt.Errorf("alg %q, typ %q", parsed.Algorithm(), parsed.Type())
	}
	key, ok := keys.Find(parsed.KeyID())
	if !ok {
		return nil, errors.New("its key is not published")
	}
	return parsed.Verify(key)
}

// TestClaims holds every member, and that there is no other.
func TestClaims(t *testing.T) {
	const request = `"request":{"host":"orders.shop.test","method":"GET","path":"/customers/c%%2D1/orders/7"}`
	const common = `{"aud":"orders-api",%s"exp":1795348830,"iat":1795348800,"iss":"` + orders + `","jti":"5c0b52a4-9b3e-4b0e-8f55-0d8a1b6a2f01",` + request + `%s}`
	const caller = `"caller":"` + web + `",`
	const user = `,"sub":"al\"i\\ce é","user":{"acr":"mfa","actors":[{"client":"c","issuer":"https://idp.shop.test/","subject":"web"},{"subject":"gateway"}],` +
		`"client":"shop-app","issuer":"https://idp.shop.test/","provider":"shop-idp","roles":["admin"],"scopes":["orders:read","orders:pay"],"subject":"al\"i\\ce é"}`
	for name, tc := range map[string]struct {
		claims        *assertion.Claims
		caller, after string
	}{
		"caller and user":  {claims(), caller, user},
		"caller":           {claims(nobody), caller, `,"sub":"` + web + `"`},
		"user":             {claims(noCaller), "", user},
		"anonymous":        {claims(noCaller, nobody), "", ""},
		"Envoy's word":     {claims(asserted, nobody), caller + `"caller_asserted":true,`, `,"sub":"` + web + `"`},
		"a user of nobody": {claims(func(c *assertion.Claims) { c.User = &identity.User{Subject: "forged"} }), caller, `,"sub":"` + web + `"`},
		"a user with little": {claims(func(c *assertion.Claims) { c.User = &identity.User{Provider: "keys", Subject: "k1"} }), caller,
			`,"sub":"k1","user":{"provider":"keys","subject":"k1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := signer(t)
			got, err := payload(sign(t, s, tc.claims, now), s.JWKS(now))
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(got) // sorts the members
			if want := fmt.Sprintf(common, tc.caller, tc.after); err != nil || string(text) != want {
				t.Errorf("%v, got\n%s, want\n%s", err, text, want)
			}
		})
	}
}

// TestVerifiers has an assertion verified by others: the library that most would use, and our own
// verifier of JWTs, each told what the documentation says.
func TestVerifiers(t *testing.T) {
	s := signer(t)
	token := sign(t, s, claims(), now)
	keys, err := jwk.Parse(s.JWKS(now))
	if err != nil || keys.Len() != 2 {
		t.Fatalf("%v, %v", keys, err)
	}
	at := func(d time.Duration) jwx.ParseOption {
		return jwx.WithClock(jwx.ClockFunc(func() time.Time { return now.Add(d) }))
	}
	for d, good := range map[time.Duration]bool{0: true, 29 * time.Second: true, 31 * time.Second: false} {
		got, err := jwx.Parse([]byte(token), jwx.WithKeySet(keys), jwx.WithIssuer(orders), jwx.WithAudience("orders-api"), at(d))
		if (err == nil) != good || good && got.Subject() != alice().Subject {
			t.Errorf("jwx, %v later: %v, %v", d, got, err)
		}
	}
	for aud, good := range map[string]bool{"orders-api": true, "payments-api": false} {
		if user, err := verify(t, s, token, aud); (err == nil) != good || good && user.Subject != alice().Subject {
			t.Errorf("jwt, for %s: %v, %v", aud, user, err)
		}
	}
}

func verify(t *testing.T, s *assertion.Signer, token, audience string) (*identity.User, error) {
	t.Helper()
	v, err := jwt.New(identity.Provider{Name: "postern", Claims: identity.ClaimMap{Subject: []string{"sub"}}, JWT: &identity.JWTIssuer{
		Issuer: orders, Audiences: []string{audience}, Algorithms: []string{"ES256"}, Use: identity.UseAccess,
		Types: []string{assertion.Type}, MaxLifetime: assertion.Lifetime, MaxSize: assertion.MaxSize,
	}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jose.ParseKeySet(s.JWKS(now))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.Parse(token, assertion.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	proven, err := v.WithKeys(keys).Verify(parsed)
	if err != nil {
		return nil, err
	}
	return proven.For(now.Add(time.Second), identity.Caller{})
}

// A changed byte anywhere is no assertion any more.
func TestForgeries(t *testing.T) {
	s, other := signer(t), signer(t)
	token := sign(t, s, claims(), now)
	set := s.JWKS(now)
	for i := 0; i < len(token); i += 7 {
		changed := []byte(token)
		if changed[i]++; changed[i] == 'z'+1 {
			changed[i] = 'a'
		}
		if _, err := payload(string(changed), set); err == nil {
			t.Fatalf("with byte %d changed, it is still good", i)
		}
	}
	if _, err := payload(sign(t, other, claims(), now), set); err == nil {
		t.Error("another process's assertion is good")
	}
}

// TestBounds holds both sides of the limit, and that what is too large costs no signature.
func TestBounds(t *testing.T) {
	s := signer(t)
	longest := 0
	for n := 11_700; n < 11_950; n++ {
		token, err := s.Sign(claims(nobody, func(c *assertion.Claims) { c.Path = "/" + strings.Repeat("a", n) }), now)
		switch {
		case err == nil:
			longest = len(token)
		case !errors.Is(err, assertion.ErrTooLarge) || token != "":
			t.Fatalf("%d: %v", n, err)
		}
	}
	if longest > assertion.MaxSize || longest < assertion.MaxSize-2 {
		t.Errorf("the longest has %d bytes", longest)
	}
	many := func(n int, s string) []string { return strings.Fields(strings.Repeat(s+" ", n)) }
	for name, edit := range map[string]func(*identity.User){
		"a long subject":         func(u *identity.User) { u.Subject = strings.Repeat("a", 1<<20) },
		"many scopes":            func(u *identity.User) { u.Scopes = many(8000, "s") },
		"long roles":             func(u *identity.User) { u.Roles = many(40, strings.Repeat("r", 400)) },
		"escapes that grow":      func(u *identity.User) { u.Subject = strings.Repeat("\x01", 8000) },
		"an actor":               func(u *identity.User) { u.Actors = []identity.Actor{{Subject: strings.Repeat("a", 16<<10)}} },
		"a long issuer, at last": func(u *identity.User) { u.Issuer, u.ACR = strings.Repeat("i", 9000), strings.Repeat("a", 9000) },
	} {
		u := alice()
		edit(u)
		if token, err := s.Sign(claims(func(c *assertion.Claims) { c.User = u }), now); !errors.Is(err, assertion.ErrTooLarge) || token != "" {
			t.Errorf("%s: %.20q, %v", name, token, err)
		}
	}
}

// What no JSON can hold is refused, not repaired: two subjects must not become one.
func TestNotText(t *testing.T) {
	for name, edit := range map[string]func(*assertion.Claims){
		"subject": func(c *assertion.Claims) { c.User = &identity.User{Provider: "p", Subject: "a\xff"} },
		"scope":   func(c *assertion.Claims) { c.User = &identity.User{Provider: "p", Scopes: []string{"a", "\xc3"}} },
		"actor": func(c *assertion.Claims) {
			c.User = &identity.User{Provider: "p", Actors: []identity.Actor{{Subject: "\x80"}}}
		},
		"path":     func(c *assertion.Claims) { c.Path = "/\xed\xa0\x80" },
		"audience": func(c *assertion.Claims) { c.Audience = "\xff" },
	} {
		if token, err := signer(t).Sign(claims(edit), now); !errors.Is(err, assertion.ErrNotText) || token != "" {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
}

// No signer is a fault, not an empty assertion.
func TestZeroSigner(t *testing.T) {
	for name, s := range map[string]*assertion.Signer{"nil": nil, "zero": {}} {
		if token, err := s.Sign(claims(), now); err == nil || token != "" {
			t.Errorf("%s signs %q", name, token)
		}
		if got := string(s.JWKS(now)); got != "{\"keys\":[]}\n" {
			t.Errorf("%s publishes %s", name, got)
		}
	}
}
