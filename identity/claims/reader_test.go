package claims_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/reason"
)

// now is 1795348800 in claims.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func issuer() identity.Provider {
	return identity.Provider{
		Name: "idp", Claims: identity.ClaimMap{Scopes: []string{"scope"}, Roles: []string{"realm", "roles"}},
		JWT: &identity.JWTIssuer{
			Issuer: "https://idp.test/", Audiences: []string{"api", "other"}, Use: identity.UseAccess,
			Skew: 30 * time.Second, MaxLifetime: time.Hour,
		},
	}
}

func idTokens() identity.Provider {
	p := issuer()
	p.JWT.Use = identity.UseID
	return p
}

func workloads() identity.Provider {
	return identity.Provider{Name: "mesh", JWTSVID: &identity.JWTSVIDs{
		TrustDomain: "shop.test", Audiences: []string{"api"}, Skew: 30 * time.Second, MaxLifetime: time.Hour,
	}}
}

// set is a claim set that is sound, with these members in place of its own. "-" takes one away.
func set(t testing.TB, members string) map[string]any {
	t.Helper()
	all := decode(t, `{"iss":"https://idp.test/","sub":"alice","aud":"api","iat":1795348800,"exp":1795349100}`)
	for name, value := range decode(t, "{"+members+"}") {
		if all[name] = value; value == "-" {
			delete(all, name)
		}
	}
	return all
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	all := map[string]any{}
	if err := d.Decode(&all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return all
}

// TestRead has a claim set that is sound but for what it names, read for access tokens, for ID tokens,
// and as a JWT-SVID.
func TestRead(t *testing.T) {
	const good, claim, kind, audience, bound = reason.Allowed, reason.TokenClaims, reason.TokenType, reason.TokenAudience, reason.TokenBinding
	for members, want := range map[string][3]reason.Code{
		``:                              {good, good, good},
		`"aud":["x","api"]`:             {good, good, good},
		`"aud":"x"`:                     {audience, audience, audience},
		`"aud":["api",""]`:              {claim, claim, claim},
		`"aud":"-"`:                     {claim, claim, claim},
		`"sub":"-"`:                     {claim, claim, claim},
		`"sub":null`:                    {claim, claim, claim},
		`"sub":"a\u0085"`:               {claim, claim, claim},
		`"exp":"-"`:                     {claim, claim, claim},
		`"iat":"-"`:                     {claim, claim, claim},
		`"exp":1.8e9`:                   {claim, claim, claim},
		`"exp":32503680000`:             {claim, claim, claim},
		`"nbf":null`:                    {claim, claim, claim},
		`"scope":"a  b"`:                {claim, claim, good}, // mesh maps no scopes
		`"scope":["a b"]`:               {claim, claim, good},
		`"realm":{"roles":7}`:           {claim, claim, good},
		`"realm":"roles"`:               {claim, claim, good},
		`"realm":{}`:                    {good, good, good},
		`"amr":"otp"`:                   {claim, claim, claim},
		`"jti":7`:                       {claim, claim, claim},
		`"events":{}`:                   {kind, kind, good},
		`"typ":"Refresh"`:               {kind, kind, good},
		`"typ":"Bearer"`:                {good, kind, good},
		`"typ":"ID"`:                    {kind, good, good},
		`"typ":7`:                       {claim, claim, good},
		`"typ":"DPoP"`:                  {bound, bound, good},
		`"nonce":"n"`:                   {kind, good, good},
		`"nonce":"n","typ":"Bearer"`:    {good, kind, good},
		`"cnf":{}`:                      {bound, bound, bound},
		`"cnf":null`:                    {bound, bound, bound},
		`"cnf":{"x5t#S256":"abc"}`:      {bound, bound, bound},
		`"act":{"sub":"web"}`:           {good, good, good},
		`"act":{"iss":"i"}`:             {claim, claim, claim},
		`"act":null`:                    {claim, claim, claim},
		`"act":{"sub":"a","act":"b"}`:   {claim, claim, claim},
		`"anything":[null,{"a":[1.5]}]`: {good, good, good},
	} {
		for i, p := range []identity.Provider{issuer(), idTokens(), workloads()} {
			verified, err := claims.New(p).Read(set(t, members), "k1")
			if reason.Of(err) != want[i] {
				t.Errorf("%s, reader %d: %v, want %v", members, i, err, want[i])
			}
			user, notGood := verified.For(now, identity.Caller{})
			if (err == nil) != (notGood == nil) || (err == nil) == user.IsZero() {
				t.Errorf("%s, reader %d: %v, %v", members, i, user, notGood)
			}
		}
	}
	for name, r := range map[string]*claims.Reader{"the zero": {}, "of no kind": claims.New(identity.Provider{Name: "x"})} {
		if _, err := r.Read(set(t, ``), "k1"); err == nil || r.Addresses("") == nil || r.AddressedTo("") {
			t.Errorf("%s Reader takes a claim set", name)
		}
	}
}

// TestUser holds which claim is which field.
func TestUser(t *testing.T) {
	members := `"client_id":"web","scope":"a b","realm":{"roles":["x y"]},"acr":"gold","amr":["otp"],"auth_time":1795348700.9,"jti":"t","sid":"s",
		"aud":["api","x"],"act":{"sub":"web","iss":"i","client_id":"c","act":{"sub":"batch"}}`
	verified, err := claims.New(issuer()).Read(set(t, members), "k1")
	if err != nil {
		t.Fatal(err)
	}
	u, err := verified.For(now, identity.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %s %s %s %q %q %q %s %q %d %d %d %s %s %s %v", u.Provider, u.Issuer, u.Subject, u.Client, u.Audiences, u.Scopes, u.Roles, u.ACR, u.AMR,
		u.AuthTime.Unix(), u.IssuedAt.Unix(), u.Expires.Unix(), u.TokenID, u.Session, u.KeyID, u.Actors)
	want := `idp https://idp.test/ alice web ["api" "x"] ["a" "b"] ["x y"] gold ["otp"] 1795348700 1795348800 1795349100 t s k1 [{web i c} {batch  }]`
	if got != want || u.Claims["jti"] != "t" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p := issuer()
	p.Claims = identity.ClaimMap{Subject: []string{"user", "id"}, Client: []string{"cid"}}
	verified, err = claims.New(p).Read(set(t, `"user":{"id":"u-1"},"cid":"c","azp":"web","scope":"a"`), "")
	if u, timed := verified.For(now, identity.Caller{}); err != nil || timed != nil || u.Subject != "u-1" || u.Client != "c" || u.Scopes != nil {
		t.Errorf("%+v: %v, %v", u, err, timed)
	}
	svid, err := claims.New(workloads()).Read(set(t, `"azp":"web"`), "k1")
	if u, timed := svid.For(now, identity.Caller{}); err != nil || timed != nil || u.Issuer != "spiffe://shop.test" || u.Client != "web" {
		t.Errorf("%+v: %v, %v", u, err, timed)
	}
}

func TestAddresses(t *testing.T) {
	r, svids := claims.New(issuer()), claims.New(workloads())
	for _, tc := range []struct {
		iss  any
		want reason.Code
	}{
		{"https://idp.test/", reason.Allowed}, {"https://idp.test", reason.TokenIssuer}, {"", reason.TokenIssuer},
		{nil, reason.TokenClaims}, {7, reason.TokenClaims}, {[]any{"https://idp.test/"}, reason.TokenClaims},
	} {
		if err := r.Addresses(tc.iss); reason.Of(err) != tc.want {
			t.Errorf("%v: %v", tc.iss, err)
		}
		if err := svids.Addresses(tc.iss); err != nil {
			t.Errorf("%v of a JWT-SVID: %v", tc.iss, err)
		}
	}
	for _, aud := range []any{nil, 7, "", "x", []any{}, []any{"api", 1}, []any{"x"}} {
		if r.AddressedTo(aud) {
			t.Errorf("%v is addressed to the API", aud)
		}
	}
	if !r.AddressedTo("api") || !r.AddressedTo([]any{"x", "other"}) || !slices.Equal(claims.Audiences([]any{"x", "y"}), []string{"x", "y"}) {
		t.Error("a sound aud is not read")
	}
}

// TestBinding: For asks for the certificate at each use, and ForOwner does not.
func TestBinding(t *testing.T) {
	print := sha256.Sum256([]byte("one"))
	verified, err := claims.New(issuer()).Read(set(t, `"cnf":{"x5t#S256":"`+base64.RawURLEncoding.EncodeToString(print[:])+`"}`), "k1")
	if err != nil {
		t.Fatal(err)
	}
	web := spiffeid.RequireFromString("spiffe://shop.test/web")
	for name, tc := range map[string]struct {
		caller identity.Caller
		want   reason.Code
	}{
		"its owner":  {identity.ProvenCaller(web, print), reason.Allowed},
		"another":    {identity.ProvenCaller(web, sha256.Sum256(nil)), reason.TokenBinding},
		"nobody":     {identity.Caller{}, reason.TokenBinding},
		"by hearsay": {identity.AssertedCaller(web), reason.TokenBinding},
	} {
		if u, err := verified.For(now, tc.caller); reason.Of(err) != tc.want || (u == nil) != (err != nil) {
			t.Errorf("%s: %v, %v", name, u, err)
		}
	}
	if u, err := verified.ForOwner(now); err != nil || u.Bound != identity.BoundMTLS {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := verified.ForOwner(now.Add(time.Hour)); reason.Of(err) != reason.TokenExpired {
		t.Errorf("an hour later: %v", err)
	}
	if u, err := (claims.Verified{}).For(now, identity.ProvenCaller(web, print)); u != nil || reason.Of(err) != reason.Internal {
		t.Errorf("the zero Verified: %v, %v", u, err)
	}
}
