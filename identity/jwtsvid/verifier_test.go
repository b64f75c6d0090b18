package jwtsvid_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/age/agetest"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var (
	shop = spiffeid.RequireTrustDomainFromString("shop.test")
	ally = spiffeid.RequireTrustDomainFromString("partner.test")
)

const web = "spiffe://shop.test/ns/shop/sa/web"

// config returns a sound provider with every default filled in, but for the edits.
func config(edits ...func(*identity.Provider)) identity.Provider {
	p := identity.Provider{
		Name:   "workloads",
		Claims: identity.ClaimMap{Subject: []string{"sub"}, Scopes: []string{"scope"}},
		JWTSVID: &identity.JWTSVIDs{
			TrustDomain: "shop.test",
			Audiences:   []string{"other", "orders"},
			Algorithms:  identity.JWTSVIDAlgorithms(),
			Skew:        30 * time.Second,
			MaxLifetime: 24 * time.Hour,
			MaxSize:     8 << 10,
		},
	}
	for _, edit := range edits {
		edit(&p)
	}
	return p
}

// claims returns those of a sound JWT-SVID of web, as SPIRE issues them, but for the edits.
func claims(edits ...func(map[string]any)) map[string]any {
	c := map[string]any{"sub": web, "aud": []string{"orders"}, "iat": noon.Unix(), "exp": noon.Add(5 * time.Minute).Unix()}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

func bundle(t testing.TB, domain spiffeid.TrustDomain, keys ...*mint.Key) jwtsvid.Bundle {
	t.Helper()
	set, err := jose.ParseJWTBundle(authorities(t, "jwt-svid", keys...))
	if err != nil {
		t.Fatal(err)
	}
	b, err := jwtsvid.NewBundle(domain, set)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// authorities returns a JWK Set of the keys with that use.
func authorities(t testing.TB, use string, keys ...*mint.Key) []byte {
	t.Helper()
	set := make([]map[string]any, len(keys))
	for i, k := range keys {
		set[i] = k.JWK()
		set[i]["use"] = use
	}
	text, err := json.Marshal(map[string]any{"keys": set})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verifier(t testing.TB, p identity.Provider, list ...jwtsvid.Bundle) *jwtsvid.Verifier {
	t.Helper()
	v, err := jwtsvid.New(p)
	if err != nil {
		t.Fatal(err)
	}
	set, err := jwtsvid.NewBundles(list...)
	if err != nil {
		t.Fatal(err)
	}
	return v.With(set)
}

// verify does what a kind of credential does with a token.
func verify(v *jwtsvid.Verifier, raw string, at time.Time) (*identity.User, error) {
	token, err := jose.Parse(raw, 64<<10)
	if err != nil {
		return nil, err
	}
	verified, err := v.Verify(token, at)
	if err != nil {
		return nil, err
	}
	return verified.For(at, identity.Caller{})
}

func TestVerify(t *testing.T) {
	for _, alg := range identity.JWTSVIDAlgorithms() {
		t.Run(alg, func(t *testing.T) {
			key := minttest.Key(t, alg, "k1")
			raw := minttest.Sign(t, key, key.Header("JWT"), claims(mint.Set("scope", "a b"), mint.Set("iss", "https://spire.test"), mint.Set("jti", "j")))
			user, err := verify(verifier(t, config(), bundle(t, shop, key)), raw, noon)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(user.Provider, user.Issuer, user.Subject, user.Client, user.Audiences, user.Scopes, user.TokenID, user.KeyID, user.Bound)
			want := fmt.Sprint("workloads", "spiffe://shop.test", web, "", []string{"orders"}, []string{"a", "b"}, "j", "k1", identity.BoundNot)
			if got != want || !user.Expires.Equal(noon.Add(5*time.Minute)) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestRefusals has one token for each way to get it wrong: all else is sound.
func TestRefusals(t *testing.T) {
	key, other, next := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	nameless, ed := minttest.Key(t, "ES256", ""), minttest.Key(t, "EdDSA", "ed")
	secret := minttest.Secret(t, "HS256", "k1", []byte("the public key, taken for a secret"))
	v := verifier(t, config(), bundle(t, shop, key, ed), bundle(t, ally, other))
	sub := func(s any) string { return minttest.Sign(t, key, key.Header("JWT"), claims(mint.Set("sub", s))) }
	with := func(edits ...func(map[string]any)) string {
		return minttest.Sign(t, key, key.Header("JWT"), claims(edits...))
	}
	headed := func(edit func(map[string]any)) string {
		h := key.Header("JWT")
		edit(h)
		return minttest.Sign(t, key, h, claims())
	}
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	for name, tc := range map[string]struct {
		raw  string
		want reason.Code
	}{
		"sound":                             {with(), reason.Allowed},
		"typ JOSE":                          {minttest.Sign(t, key, key.Header("JOSE"), claims()), reason.Allowed},
		"no typ":                            {minttest.Sign(t, key, key.Header(""), claims()), reason.Allowed},
		"iss of anybody":                    {with(mint.Set("iss", "https://idp.shop.test/")), reason.Allowed},
		"iss that is no string":             {with(mint.Set("iss", 7)), reason.Allowed},
		"one aud of several":                {with(mint.Set("aud", []string{"x", "orders"})), reason.Allowed},
		"aud as a string":                   {with(mint.Set("aud", "orders")), reason.Allowed},
		"a member of another trust domain":  {sub("spiffe://partner.test/ns/shop/sa/web"), reason.TokenIssuer},
		"a subdomain":                       {sub("spiffe://a.shop.test/web"), reason.TokenIssuer},
		"a longer domain":                   {sub("spiffe://shop.test.evil.test/web"), reason.TokenIssuer},
		"the trust domain itself":           {sub("spiffe://shop.test"), reason.TokenClaims},
		"a path of nothing":                 {sub("spiffe://shop.test/"), reason.TokenClaims},
		"a path that leads up":              {sub("spiffe://shop.test/ns/../web"), reason.TokenClaims},
		"an empty segment":                  {sub("spiffe://shop.test//web"), reason.TokenClaims},
		"an escape":                         {sub("spiffe://shop.test/w%65b"), reason.TokenClaims},
		"a query":                           {sub(web + "?a"), reason.TokenClaims},
		"a port":                            {sub("spiffe://shop.test:443/web"), reason.TokenClaims},
		"a trust domain in capitals":        {sub("spiffe://Shop.test/web"), reason.TokenClaims},
		"a scheme in capitals":              {sub("SPIFFE://shop.test/web"), reason.TokenClaims},
		"a sub that is no SPIFFE ID":        {sub("alice"), reason.TokenClaims},
		"a sub with space":                  {sub(" " + web), reason.TokenClaims},
		"a sub that is too long":            {sub(web + strings.Repeat("a", 2048)), reason.TokenClaims},
		"a sub that is a list":              {sub([]string{web}), reason.TokenClaims},
		"an empty sub":                      {sub(""), reason.TokenClaims},
		"no sub":                            {with(mint.Without("sub")), reason.TokenClaims},
		"no aud":                            {with(mint.Without("aud")), reason.TokenClaims},
		"an empty aud":                      {with(mint.Set("aud", []string{})), reason.TokenClaims},
		"another aud":                       {with(mint.Set("aud", []string{"payments"})), reason.TokenAudience},
		"an aud that begins so":             {with(mint.Set("aud", "orders2")), reason.TokenAudience},
		"no exp":                            {with(mint.Without("exp")), reason.TokenClaims},
		"exp as text":                       {with(mint.Set("exp", "1")), reason.TokenClaims},
		"no iat":                            {with(mint.Without("iat")), reason.TokenClaims},
		"expired":                           {with(mint.Set("iat", at(-time.Hour)), mint.Set("exp", at(-30*time.Second))), reason.TokenExpired},
		"a second before it is expired":     {with(mint.Set("iat", at(-time.Hour)), mint.Set("exp", at(-29*time.Second))), reason.Allowed},
		"nbf to come":                       {with(mint.Set("nbf", at(31*time.Second))), reason.TokenNotYetValid},
		"iat to come":                       {with(mint.Set("iat", at(31*time.Second))), reason.TokenNotYetValid},
		"exp before iat":                    {with(mint.Set("exp", at(-time.Second))), reason.TokenClaims},
		"a life too long":                   {with(mint.Set("exp", at(25*time.Hour))), reason.TokenLifetime},
		"bound to a key":                    {with(mint.Set("cnf", map[string]any{"jkt": "x"})), reason.TokenBinding},
		"bound to a certificate":            {with(mint.Set("cnf", map[string]any{"x5t#S256": strings.Repeat("A", 43)})), reason.TokenBinding},
		"cnf of nothing":                    {with(mint.Set("cnf", nil)), reason.TokenBinding},
		"EdDSA":                             {minttest.Sign(t, ed, ed.Header("JWT"), claims()), reason.TokenAlgorithm},
		"HS256":                             {minttest.Sign(t, secret, secret.Header("JWT"), claims()), reason.TokenAlgorithm},
		"none":                              {headed(mint.Set("alg", "none")), reason.TokenAlgorithm},
		"alg of another kind of key":        {headed(mint.Set("alg", "RS256")), reason.TokenAlgorithm},
		"no kid":                            {minttest.Sign(t, nameless, nameless.Header("JWT"), claims()), reason.TokenKeyUnknown},
		"an empty kid":                      {headed(mint.Set("kid", "")), reason.TokenHeader},
		"a kid that nobody has":             {minttest.Sign(t, next, next.Header("JWT"), claims()), reason.TokenKeyUnknown},
		"the kid, another trust domain key": {minttest.Sign(t, other, other.Header("JWT"), claims()), reason.TokenSignature},
		"typ of an access token":            {minttest.Sign(t, key, key.Header("at+jwt"), claims()), reason.TokenType},
		"typ of a logout token":             {minttest.Sign(t, key, key.Header("logout+jwt"), claims()), reason.TokenType},
		"typ in small letters":              {minttest.Sign(t, key, key.Header("jwt"), claims()), reason.TokenType},
		"typ with application/":             {minttest.Sign(t, key, key.Header("application/jwt"), claims()), reason.TokenType},
		"crit":                              {headed(mint.Set("crit", []string{"exp"})), reason.TokenHeader},
		"jwk":                               {headed(mint.Set("jwk", key.JWK())), reason.TokenHeader},
		"too large":                         {with(mint.Set("x", strings.Repeat("x", 8<<10))), reason.TokenTooLarge},
		"scope of another form":             {with(mint.Set("scope", 1)), reason.TokenClaims},
		"an access token of an issuer":      {minttest.Sign(t, key, key.Header("JWT"), mint.Claims(noon)), reason.TokenClaims},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := verify(v, tc.raw, noon)
			if reason.Of(err) != tc.want || (user != nil) != (tc.want == reason.Allowed) {
				t.Fatalf("got %v, %v, want %v", user, err, tc.want)
			}
			for part := range strings.SplitSeq(tc.raw, ".") {
				if err != nil && strings.Contains(err.Error(), part) {
					t.Errorf("the error holds a part of the token: %v", err)
				}
			}
			if err != nil && (strings.Contains(err.Error(), "spiffe://") || strings.Contains(err.Error(), "alice")) {
				t.Errorf("the error holds the subject: %v", err)
			}
			inspect(t, v, tc.raw, tc.want)
		})
	}
}

// inspect holds that who looks without keys is told the same, unless it is the key that is wrong.
func inspect(t *testing.T, v *jwtsvid.Verifier, raw string, want reason.Code) {
	t.Helper()
	token, err := jose.Parse(raw, 64<<10)
	if err != nil {
		return
	}
	got := reason.Of(v.InspectUnverified(token, noon))
	ofKey := []reason.Code{reason.TokenSignature, reason.TokenKeyUnknown, reason.TokenAlgorithm}
	if got != want && (got != reason.Allowed || !slices.Contains(ofKey, want)) {
		t.Errorf("without keys: %v, want %v", got, want)
	}
}

func TestBundlesDecide(t *testing.T) {
	key, weak := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	raw := minttest.Sign(t, key, key.Header("JWT"), claims())
	good := bundle(t, shop, key)
	x509, err := jose.ParseJWTBundle(authorities(t, "x509-svid", key))
	if err != nil {
		t.Fatal(err)
	}
	ofX509, err := jwtsvid.NewBundle(shop, x509)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		have []jwtsvid.Bundle
		at   time.Time
		want reason.Code
	}{
		"live":                            {[]jwtsvid.Bundle{good}, noon, reason.Allowed},
		"none":                            {nil, noon, reason.KeysUnavailable},
		"another trust domain's":          {[]jwtsvid.Bundle{bundle(t, ally, key)}, noon, reason.KeysUnavailable},
		"without its key":                 {[]jwtsvid.Bundle{bundle(t, shop, weak)}, noon, reason.TokenKeyUnknown},
		"without a key":                   {[]jwtsvid.Bundle{bundle(t, shop)}, noon, reason.TokenKeyUnknown},
		"with the key for X.509":          {[]jwtsvid.Bundle{ofX509}, noon, reason.TokenKeyUnknown},
		"stale in a second":               {[]jwtsvid.Bundle{good.Until(noon.Add(time.Second))}, noon, reason.Allowed},
		"stale now":                       {[]jwtsvid.Bundle{good.Until(noon)}, noon, reason.KeysUnavailable},
		"stale, and without its key":      {[]jwtsvid.Bundle{bundle(t, shop, weak).Until(noon)}, noon, reason.KeysUnavailable},
		"stale, of another trust domain ": {[]jwtsvid.Bundle{good, bundle(t, ally, key).Until(noon)}, noon, reason.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := verify(verifier(t, config(), tc.have...), raw, tc.at)
			if reason.Of(err) != tc.want || (user != nil) != (tc.want == reason.Allowed) {
				t.Errorf("got %v, %v, want %v", user, err, tc.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, edit := range map[string]func(*identity.Provider){
		"no JWT-SVID":         func(p *identity.Provider) { p.JWTSVID = nil },
		"no trust domain":     func(p *identity.Provider) { p.JWTSVID.TrustDomain = "" },
		"no name":             func(p *identity.Provider) { p.Name = "" },
		"an ID":               func(p *identity.Provider) { p.JWTSVID.TrustDomain = "spiffe://shop.test" },
		"capitals":            func(p *identity.Provider) { p.JWTSVID.TrustDomain = "Shop.test" },
		"no audience":         func(p *identity.Provider) { p.JWTSVID.Audiences = nil },
		"an empty audience":   func(p *identity.Provider) { p.JWTSVID.Audiences = []string{""} },
		"no algorithm":        func(p *identity.Provider) { p.JWTSVID.Algorithms = nil },
		"EdDSA":               func(p *identity.Provider) { p.JWTSVID.Algorithms = []string{"EdDSA"} },
		"HS256":               func(p *identity.Provider) { p.JWTSVID.Algorithms = []string{"HS256"} },
		"a negative skew":     func(p *identity.Provider) { p.JWTSVID.Skew = -1 },
		"no lifetime":         func(p *identity.Provider) { p.JWTSVID.MaxLifetime = 0 },
		"no size":             func(p *identity.Provider) { p.JWTSVID.MaxSize = 0 },
		"another subject":     func(p *identity.Provider) { p.Claims.Subject = []string{"email"} },
		"a subject below sub": func(p *identity.Provider) { p.Claims.Subject = []string{"sub", "sub"} },
	} {
		if v, err := jwtsvid.New(config(edit)); err == nil || v != nil {
			t.Errorf("%s is good: %v", name, v)
		}
	}
	if _, err := jwtsvid.New(config(func(p *identity.Provider) { p.Claims.Subject = nil })); err != nil {
		t.Errorf("no mapping of the subject: %v", err)
	}
}

func TestZeroVerifierRefuses(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	if user, err := verify(&jwtsvid.Verifier{}, minttest.Sign(t, key, key.Header("JWT"), claims()), noon); user != nil || reason.Of(err) != reason.TokenTooLarge {
		t.Errorf("got %v, %v", user, err)
	}
}

func TestBundles(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	empty, err := jose.ParseJWTBundle([]byte(`{"keys":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jwtsvid.NewBundle(spiffeid.TrustDomain{}, empty); err == nil {
		t.Error("a bundle of no trust domain")
	}
	if _, err := jwtsvid.NewBundle(shop, nil); err == nil {
		t.Error("a bundle of nothing")
	}
	a, b := bundle(t, shop, key), bundle(t, ally)
	for name, list := range map[string][]jwtsvid.Bundle{"two of one": {a, b, a}, "the zero": {{}}} {
		if _, err := jwtsvid.NewBundles(list...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	set, err := jwtsvid.NewBundles(a.Until(noon), b)
	if err != nil || set.Len() != 2 {
		t.Fatal(err, set.Len())
	}
	domains := set.Domains()
	if len(domains) != 2 || domains[0].Name != "partner.test" || domains[0].Keys != 0 || domains[1].Keys != 1 || !domains[1].Until.Equal(noon) {
		t.Errorf("%+v", domains)
	}
	if got, ok := set.Of(shop); !ok || got.TrustDomain() != shop || !got.StaleFrom().Equal(noon) || !got.StaleAt(noon) || got.StaleAt(noon.Add(-1)) || got.Keys().Len() != 1 {
		t.Errorf("%+v %v", got, ok)
	}
	var none *jwtsvid.Bundles
	if _, ok := none.Of(shop); ok || none.Len() != 0 || none.Domains() != nil {
		t.Error("a nil set has something")
	}
}

// TestStaleByTheOlderClock: a clock that is put back keeps no bundle in use.
func TestStaleByTheOlderClock(t *testing.T) {
	now := time.Now()
	b := bundle(t, shop).Until(now.Add(time.Hour))
	for name, tc := range map[string]struct {
		at    time.Time
		stale bool
	}{
		"now":                             {now, false},
		"put back":                        {agetest.Step(now, -time.Hour), false},
		"put forward":                     {agetest.Step(now, time.Hour), true},
		"an hour later, put back":         {agetest.Step(now.Add(time.Hour), -time.Hour), true},
		"short of an hour later put back": {agetest.Step(now.Add(59*time.Minute), -time.Hour), false},
	} {
		if b.StaleAt(tc.at) != tc.stale {
			t.Errorf("%s: stale is %v", name, !tc.stale)
		}
	}
}
