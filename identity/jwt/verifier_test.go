package jwt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// now is when everything in these tests happens.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// config returns a sound provider with every default filled in, but for the edits.
func config(edits ...func(*identity.Provider)) identity.Provider {
	p := identity.Provider{
		Name:   "shop-idp",
		From:   identity.Place{Header: "authorization", Scheme: "Bearer"},
		Claims: identity.ClaimMap{Subject: []string{"sub"}, Scopes: []string{"scope"}, Roles: []string{"realm_access", "roles"}},
		JWT: &identity.JWTIssuer{
			Issuer:      mint.Issuer,
			Audiences:   []string{"other-api", mint.Audience},
			Algorithms:  []string{"ES256", "RS256"},
			Use:         identity.UseAccess,
			Types:       []string{"", "jwt", "at+jwt"},
			Skew:        30 * time.Second,
			MaxLifetime: 24 * time.Hour,
			MaxSize:     8 << 10,
			Keys:        identity.KeySource{File: "/keys.json", Root: "/", Refresh: time.Minute, MaxStale: time.Hour},
		},
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

// idTokens makes a provider one of ID tokens.
func idTokens(p *identity.Provider) {
	p.JWT.Use, p.JWT.Types = identity.UseID, []string{"", "jwt"}
}

// verifier returns the verifier of a provider whose issuer has these keys.
func verifier(t testing.TB, p identity.Provider, keys ...*mint.Key) *jwt.Verifier {
	t.Helper()
	v, err := jwt.New(p)
	if err != nil {
		t.Fatal(err)
	}
	set, err := jose.ParseKeySet(mint.JWKS(keys...))
	if err != nil {
		t.Fatal(err)
	}
	return v.WithKeys(set)
}

// refused holds that a token is refused for a reason, with no user and no part of it in the error.
func refused(t *testing.T, v *jwt.Verifier, raw string, at time.Time, want reason.Code) {
	t.Helper()
	user, err := v.VerifyRaw(raw, at, identity.Caller{})
	if user != nil || reason.Of(err) != want {
		t.Errorf("got %v, %v, want %v", user, err, want)
		return
	}
	for _, p := range strings.Split(raw, ".") {
		if len(p) >= 8 && strings.Contains(err.Error(), p) {
			t.Errorf("the error holds a part of the token: %v", err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("the error holds a value of the token: %v", err)
	}
}

func TestVerify(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	claims := mint.Claims(now, mint.Set("jti", "t1"), mint.Set("sid", "s1"), mint.Set("nbf", now.Unix()))
	user, err := verifier(t, config(), key).VerifyRaw(minttest.Sign(t, key, nil, claims), now, identity.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(user.Provider, user.Issuer, user.Subject, user.Client, user.Audiences, user.Scopes, user.Roles,
		user.ACR, user.AMR, user.TokenID, user.Session, user.KeyID, user.Claims["customer_id"])
	want := fmt.Sprint("shop-idp", mint.Issuer, "alice", "shop-web", []string{"shop-api"}, []string{"orders:read"}, []string{"buyer"},
		"pwd", []string{"pwd"}, "t1", "s1", "k1", "c-1")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !user.IssuedAt.Equal(now) || !user.AuthTime.Equal(now) || !user.Expires.Equal(now.Add(5*time.Minute)) {
		t.Errorf("issued %v, login %v, expires %v", user.IssuedAt, user.AuthTime, user.Expires)
	}
}

func TestZeroVerifierRefuses(t *testing.T) {
	raw := minttest.Token(t, minttest.Key(t, "ES256", "k1"), now)
	refused(t, &jwt.Verifier{}, raw, now, reason.TokenTooLarge)
}

func TestNewRefuses(t *testing.T) {
	for name, edit := range map[string]func(*identity.Provider){
		"no JWT":               func(p *identity.Provider) { p.JWT = nil },
		"no name":              func(p *identity.Provider) { p.Name = "" },
		"no issuer":            func(p *identity.Provider) { p.JWT.Issuer = "" },
		"no audience":          func(p *identity.Provider) { p.JWT.Audiences = nil },
		"an empty audience":    func(p *identity.Provider) { p.JWT.Audiences = []string{"a", ""} },
		"no algorithm":         func(p *identity.Provider) { p.JWT.Algorithms = nil },
		"algorithm none":       func(p *identity.Provider) { p.JWT.Algorithms = []string{"RS256", "none"} },
		"algorithm HS256":      func(p *identity.Provider) { p.JWT.Algorithms = []string{"HS256"} },
		"algorithm es256":      func(p *identity.Provider) { p.JWT.Algorithms = []string{"es256"} },
		"no types":             func(p *identity.Provider) { p.JWT.Types = nil },
		"a type in capitals":   func(p *identity.Provider) { p.JWT.Types = []string{"JWT"} },
		"a type in full":       func(p *identity.Provider) { p.JWT.Types = []string{"application/jwt"} },
		"no use":               func(p *identity.Provider) { p.JWT.Use = 0 },
		"an unknown use":       func(p *identity.Provider) { p.JWT.Use = 3 },
		"a negative skew":      func(p *identity.Provider) { p.JWT.Skew = -1 },
		"no bound on lifetime": func(p *identity.Provider) { p.JWT.MaxLifetime = 0 },
		"no bound on size":     func(p *identity.Provider) { p.JWT.MaxSize = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := jwt.New(config(edit)); err == nil || v != nil {
				t.Errorf("got %v, %v", v, err)
			}
		})
	}
}

// TestHeader has one case for each way that a header can be wrong, all with a signature that
// is good.
func TestHeader(t *testing.T) {
	ec, rsa := minttest.Key(t, "ES256", "ec"), minttest.Key(t, "RS256", "rsa")
	v := verifier(t, config(), ec, rsa)
	for name, tc := range map[string]struct {
		key  *mint.Key
		edit func(header map[string]any)
		want reason.Code
	}{
		"sound":                         {ec, func(map[string]any) {}, reason.Allowed},
		"sound, RSA":                    {rsa, func(map[string]any) {}, reason.Allowed},
		"typ JWT":                       {ec, set("typ", "JWT"), reason.Allowed},
		"typ application/at+jwt":        {ec, set("typ", "application/at+JWT"), reason.Allowed},
		"no typ":                        {ec, set("typ", nil), reason.Allowed},
		"x5t":                           {ec, set("x5t", "AAAA"), reason.Allowed},
		"typ logout+jwt":                {ec, set("typ", "logout+jwt"), reason.TokenType},
		"typ secevent+jwt":              {ec, set("typ", "secevent+jwt"), reason.TokenType},
		"typ dpop+jwt":                  {ec, set("typ", "dpop+jwt"), reason.TokenType},
		"typ application/":              {ec, set("typ", "application/"), reason.TokenType},
		"typ application twice":         {ec, set("typ", "application/application/jwt"), reason.TokenType},
		"typ text/jwt":                  {ec, set("typ", "text/jwt"), reason.TokenType},
		"typ JWT and a space":           {ec, set("typ", "JWT "), reason.TokenType},
		"typ empty":                     {ec, set("typ", ""), reason.TokenHeader},
		"an alg not in the list":        {ec, set("alg", "ES384"), reason.TokenAlgorithm},
		"alg none, signed all the same": {rsa, set("alg", "none"), reason.TokenAlgorithm},
		"alg HS256, signed by RSA":      {rsa, set("alg", "HS256"), reason.TokenAlgorithm},
		"alg of another key":            {rsa, set("alg", "ES256"), reason.TokenAlgorithm},
		"kid of another key":            {rsa, set("kid", "ec"), reason.TokenAlgorithm},
		"kid and alg of another key":    {rsa, func(h map[string]any) { h["kid"], h["alg"] = "ec", "ES256" }, reason.TokenSignature},
		"kid unknown":                   {ec, set("kid", "canary"), reason.TokenKeyUnknown},
		"kid in another case":           {ec, set("kid", "EC"), reason.TokenKeyUnknown},
		"no kid, one key fits":          {ec, set("kid", nil), reason.Allowed},
		"unknown crit":                  {ec, set("crit", []string{"x"}), reason.TokenHeader},
		"jku":                           {ec, set("jku", "https://idp.shop.test/jwks"), reason.TokenHeader},
		"jwk":                           {ec, set("jwk", ec.JWK()), reason.TokenHeader},
		"b64":                           {ec, set("b64", false), reason.TokenHeader},
	} {
		t.Run(name, func(t *testing.T) {
			header := tc.key.Header("at+jwt")
			tc.edit(header)
			raw := minttest.Sign(t, tc.key, header, mint.Claims(now))
			if tc.want != reason.Allowed {
				refused(t, v, raw, now, tc.want)
			} else if _, err := v.VerifyRaw(raw, now, identity.Caller{}); err != nil {
				t.Error(err)
			}
		})
	}
}

// set is an edit that gives a member a value, or takes it away for nil.
func set(name string, value any) func(map[string]any) {
	return func(m map[string]any) {
		if m[name] = value; value == nil {
			delete(m, name)
		}
	}
}

// TestKeyDeclaresAlgorithm: the key's own alg binds a token as much as the issuer's list does.
func TestKeyDeclaresAlgorithm(t *testing.T) {
	rsa := minttest.Key(t, "RS256", "k1")
	ps, err := mint.KeyOf("PS256", "k1", rsa.Private())
	if err != nil {
		t.Fatal(err)
	}
	p := config(func(p *identity.Provider) { p.JWT.Algorithms = []string{"RS256", "PS256"} })
	refused(t, verifier(t, p, rsa), minttest.Token(t, ps, now), now, reason.TokenAlgorithm)
	if _, err := verifier(t, p, ps).VerifyRaw(minttest.Token(t, ps, now), now, identity.Caller{}); err != nil {
		t.Error(err)
	}
}

// TestIssuerAllowsAlgorithm: a key that the issuer publishes does not widen the issuer's list.
func TestIssuerAllowsAlgorithm(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} {
		key := minttest.Key(t, alg, "k1")
		allows := func(algs ...string) identity.Provider {
			return config(func(p *identity.Provider) { p.JWT.Algorithms = algs })
		}
		refused(t, verifier(t, allows("RS512"), key), minttest.Token(t, key, now), now, reason.TokenAlgorithm)
		if _, err := verifier(t, allows("RS512", alg), key).VerifyRaw(minttest.Token(t, key, now), now, identity.Caller{}); err != nil {
			t.Error(err)
		}
	}
}

func TestKeys(t *testing.T) {
	a, b, stranger := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b"), minttest.Key(t, "ES256", "a")
	nameless := minttest.Key(t, "ES256", "")
	v, err := jwt.New(config())
	if err != nil {
		t.Fatal(err)
	}
	refused(t, v, minttest.Token(t, a, now), now, reason.KeysUnavailable)
	refused(t, verifier(t, config()), minttest.Token(t, a, now), now, reason.TokenKeyUnknown)
	refused(t, verifier(t, config(), a), minttest.Token(t, b, now), now, reason.TokenKeyUnknown)
	refused(t, verifier(t, config(), a), minttest.Token(t, stranger, now), now, reason.TokenSignature)
	refused(t, verifier(t, config(), a, b), minttest.Token(t, nameless, now), now, reason.TokenKeyUnknown)
	refused(t, verifier(t, config(), nameless), minttest.Token(t, a, now), now, reason.TokenKeyUnknown)
	refused(t, verifier(t, config(), a), minttest.Token(t, nameless, now), now, reason.TokenSignature)
	if _, err := verifier(t, config(), nameless).VerifyRaw(minttest.Token(t, nameless, now), now, identity.Caller{}); err != nil {
		t.Error(err)
	}
}

// TestSymmetricConfusion signs with the public key as a secret.
func TestSymmetricConfusion(t *testing.T) {
	rsa := minttest.Key(t, "RS256", "k1")
	secret := minttest.Secret(t, "HS256", "k1", mint.JWKS(rsa))
	refused(t, verifier(t, config(), rsa), minttest.Token(t, secret, now), now, reason.TokenAlgorithm)
	refused(t, verifier(t, config(), secret), minttest.Token(t, secret, now), now, reason.TokenAlgorithm)
	lie := minttest.Sign(t, secret, rsa.Header("at+jwt"), mint.Claims(now))
	refused(t, verifier(t, config(), rsa), lie, now, reason.TokenSignature)
}

func TestSize(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	raw := minttest.Token(t, key, now)
	exact := config(func(p *identity.Provider) { p.JWT.MaxSize = len(raw) })
	if _, err := verifier(t, exact, key).VerifyRaw(raw, now, identity.Caller{}); err != nil {
		t.Error(err)
	}
	small := verifier(t, config(func(p *identity.Provider) { p.JWT.MaxSize = len(raw) - 1 }), key)
	refused(t, small, raw, now, reason.TokenTooLarge)
	token, err := jose.Parse(raw, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if user, err := small.VerifyToken(token, now, identity.Caller{}); user != nil || reason.Of(err) != reason.TokenTooLarge {
		t.Errorf("parsed elsewhere: %v, %v", user, err)
	}
}

func ExampleVerifier() {
	issuer, _ := mint.NewKey("ES256", "k1")
	v, _ := jwt.New(config())
	keys, _ := jose.ParseKeySet(mint.JWKS(issuer))
	raw, _ := issuer.Sign(nil, mint.Claims(now))

	token, _ := jose.Parse(raw, v.MaxSize())
	user, err := v.WithKeys(keys).VerifyToken(token, now, identity.Caller{})
	fmt.Println(user.Subject, user.Scopes, err)
	_, err = v.WithKeys(keys).VerifyToken(token, now.Add(time.Hour), identity.Caller{})
	fmt.Println(err)
	// Output:
	// alice [orders:read] <nil>
	// token_expired: exp was 55m0s ago
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"} {
		key := minttest.Key(b, alg, "k1")
		v := verifier(b, config(func(p *identity.Provider) { p.JWT.Algorithms = []string{alg} }), key)
		raw := minttest.Token(b, key, now)
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.VerifyRaw(raw, now, identity.Caller{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
