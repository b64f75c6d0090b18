package logout_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// verifier is one with a key, at a time that is a whole second.
func verifier(t testing.TB, key *mint.Key) (*logout.Verifier, *jose.KeySet, time.Time) {
	t.Helper()
	v, err := logout.NewVerifier(config("shop-idp", mint.Issuer, identity.KeySource{}), client)
	if err != nil {
		t.Fatal(err)
	}
	set, err := jose.ParseKeySet(mint.JWKS(key))
	if err != nil {
		t.Fatal(err)
	}
	return v, set, time.Unix(1_780_000_000, 0)
}

// events is an edit of the claim.
func events(v any) func(map[string]any) { return mint.Set("events", v) }

// seconds is an edit of a time, from the time of the test.
func seconds(name string, now time.Time, d time.Duration) func(map[string]any) {
	return mint.Set(name, now.Add(d).Unix())
}

func TestVerify(t *testing.T) {
	key := minttest.Key(t, "ES256", "k-1")
	v, set, now := verifier(t, key)
	const skew = 30 * time.Second
	type edits = []func(map[string]any)
	for name, tc := range map[string]struct {
		edits edits
		want  reason.Code
	}{
		"sound":                           {nil, reason.Allowed},
		"the session alone":               {edits{mint.Without("sub")}, reason.Allowed},
		"the user alone":                  {edits{mint.Without("sid")}, reason.Allowed},
		"several audiences":               {edits{mint.Set("aud", []string{"other", client})}, reason.Allowed},
		"Keycloak's":                      {edits{mint.Set("typ", "Logout"), events(map[string]any{event: map[string]any{}, "revoke_offline_access": true})}, reason.Allowed},
		"another claim":                   {edits{mint.Set("reason", "because")}, reason.Allowed},
		"an event with members":           {edits{events(map[string]any{event: map[string]any{"a": 1}})}, reason.Allowed},
		"nobody":                          {edits{mint.Without("sub", "sid")}, reason.TokenClaims},
		"an empty session":                {edits{mint.Set("sid", "")}, reason.TokenClaims},
		"an empty user":                   {edits{mint.Set("sub", "")}, reason.TokenClaims},
		"a session that is a number":      {edits{mint.Set("sid", 7)}, reason.TokenClaims},
		"a user with a control character": {edits{mint.Set("sub", "al\nice")}, reason.TokenClaims},
		"a user that is too long":         {edits{mint.Set("sub", strings.Repeat("a", 2049))}, reason.TokenClaims},
		"a nonce":                         {edits{mint.Set("nonce", "n")}, reason.TokenType},
		"an empty nonce":                  {edits{mint.Set("nonce", nil)}, reason.TokenType},
		"no jti":                          {edits{mint.Without("jti")}, reason.TokenClaims},
		"an empty jti":                    {edits{mint.Set("jti", "")}, reason.TokenClaims},
		"no events":                       {edits{mint.Without("events")}, reason.TokenType},
		"events in a list":                {edits{events([]string{event})}, reason.TokenType},
		"events in a text":                {edits{events(event)}, reason.TokenType},
		"no event":                        {edits{events(map[string]any{})}, reason.TokenType},
		"another event":                   {edits{events(map[string]any{"https://schemas.openid.net/secevent/risc/event-type/account-disabled": map[string]any{}})}, reason.TokenType},
		"another event beside it":         {edits{events(map[string]any{event: map[string]any{}, "urn:other": map[string]any{}})}, reason.TokenType},
		"Keycloak's addition alone":       {edits{events(map[string]any{"revoke_offline_access": true})}, reason.TokenType},
		"an event that is no object":      {edits{events(map[string]any{event: true})}, reason.TokenType},
		"an event that is null":           {edits{events(map[string]any{event: nil})}, reason.TokenType},
		"the event in capitals":           {edits{events(map[string]any{strings.ToUpper(event): map[string]any{}})}, reason.TokenType},
		"Keycloak's access token":         {edits{mint.Set("typ", "Bearer")}, reason.TokenType},
		"a kind that is no text":          {edits{mint.Set("typ", 1)}, reason.TokenType},
		"another issuer":                  {edits{mint.Set("iss", "https://idp.shop.test")}, reason.TokenAudience},
		"no issuer":                       {edits{mint.Without("iss")}, reason.TokenAudience},
		"another client":                  {edits{mint.Set("aud", "shop-app")}, reason.TokenAudience},
		"the API, not the client":         {edits{mint.Set("aud", []string{"shop-api"})}, reason.TokenAudience},
		"no audience":                     {edits{mint.Without("aud")}, reason.TokenAudience},
		"an audience with a number":       {edits{mint.Set("aud", []any{client, 1})}, reason.TokenAudience},
		"no iat":                          {edits{mint.Without("iat")}, reason.TokenClaims},
		"no exp":                          {edits{mint.Without("exp")}, reason.TokenClaims},
		"exp as a text":                   {edits{mint.Set("exp", "1780000060")}, reason.TokenClaims},
		"exp with a fraction":             {edits{mint.Set("exp", json.Number("1780000060.5"))}, reason.Allowed},
		"exp with an exponent":            {edits{mint.Set("exp", json.Number("1.78e9"))}, reason.TokenClaims},
		"nbf in the future":               {edits{seconds("nbf", now, skew+time.Second)}, reason.TokenNotYetValid},
		"nbf that is no number":           {edits{mint.Set("nbf", "0")}, reason.TokenClaims},
		"an audience that is empty":       {edits{mint.Set("aud", []string{client, ""})}, reason.TokenAudience},
		"exp of 0":                        {edits{mint.Set("exp", 0)}, reason.TokenClaims},
		"the last second":                 {edits{seconds("iat", now, -time.Minute), seconds("exp", now, -skew+time.Second)}, reason.Allowed},
		"expired":                         {edits{seconds("iat", now, -time.Minute), seconds("exp", now, -skew)}, reason.TokenExpired},
		"the farthest future":             {edits{seconds("iat", now, skew)}, reason.Allowed},
		"from the future":                 {edits{seconds("iat", now, skew+time.Second)}, reason.TokenNotYetValid},
		"the longest life":                {edits{seconds("exp", now, 10*time.Minute)}, reason.Allowed},
		"too long a life":                 {edits{seconds("exp", now, 10*time.Minute+time.Second)}, reason.TokenLifetime},
		"no life":                         {edits{seconds("iat", now, 20*time.Second), seconds("exp", now, 10*time.Second)}, reason.TokenClaims},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := jose.Parse(token(t, key, claims(now, tc.edits...)), logout.MaxToken)
			if err != nil {
				t.Fatal(err)
			}
			l, err := v.Verify(parsed, set, now)
			if got := reason.Of(err); got != tc.want {
				t.Fatalf("got %v (%v), want %v", got, err, tc.want)
			}
			if (err == nil) != (len(l.Providers) == 1 && l.ID == "j-1" && l.Subject+l.Session != "") {
				t.Errorf("got %+v beside %v", l, err)
			}
		})
	}
}

// TestVerifyTheHeader is of what is told before any claim is looked at.
func TestVerifyTheHeader(t *testing.T) {
	key := minttest.Key(t, "ES256", "k-1")
	v, set, now := verifier(t, key)
	with := func(edits map[string]any) map[string]any {
		h := key.Header("logout+jwt")
		maps.Copy(h, edits)
		return h
	}
	stranger, rsa := minttest.Key(t, "ES256", "k-1"), minttest.Key(t, "RS256", "k-1")
	bare := minttest.Key(t, "ES256", "")
	for name, tc := range map[string]struct {
		by     *mint.Key
		header map[string]any
		want   reason.Code
	}{
		"sound":                     {key, with(nil), reason.Allowed},
		"the whole media type":      {key, with(map[string]any{"typ": "application/LOGOUT+jwt"}), reason.Allowed},
		"no kid, and one key":       {key, map[string]any{"alg": "ES256", "typ": "logout+jwt"}, reason.Allowed},
		"no typ":                    {key, map[string]any{"alg": "ES256", "kid": "k-1"}, reason.TokenType},
		"typ of an access token":    {key, with(map[string]any{"typ": "at+jwt"}), reason.TokenType},
		"typ of an ID token":        {key, with(map[string]any{"typ": "JWT"}), reason.TokenType},
		"typ of a security event":   {key, with(map[string]any{"typ": "secevent+jwt"}), reason.TokenType},
		"typ with a prefix too few": {key, with(map[string]any{"typ": "x/logout+jwt"}), reason.TokenType},
		"an unknown kid":            {key, with(map[string]any{"kid": "k-2"}), reason.TokenKeyUnknown},
		"another's signature":       {stranger, with(nil), reason.TokenSignature},
		"an algorithm not allowed":  {rsa, rsa.Header("logout+jwt"), reason.TokenAlgorithm},
		"no kid, another's":         {bare, bare.Header("logout+jwt"), reason.TokenSignature},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := jose.Parse(minttest.Sign(t, tc.by, tc.header, claims(now)), logout.MaxToken)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Verify(parsed, set, now); reason.Of(err) != tc.want {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if _, err := v.Verify(parsed, nil, now); err == nil || reason.Of(err) == reason.Allowed {
				t.Error("it is good without keys")
			}
			if _, err := (&logout.Verifier{}).Verify(parsed, set, now); err == nil {
				t.Error("it is good for nobody")
			}
		})
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	good := config("shop-idp", mint.Issuer, identity.KeySource{})
	trust := config("mesh", "", identity.KeySource{})
	trust.JWT, trust.JWTSVID = nil, &identity.JWTSVIDs{TrustDomain: "shop.test"}
	unbound := config("shop-idp", mint.Issuer, identity.KeySource{})
	unbound.JWT.MaxLifetime = 0
	for name, tc := range map[string]struct {
		p      identity.Provider
		client string
	}{
		"no client":      {good, ""},
		"no JWT":         {identity.Provider{Name: "keys"}, client},
		"a trust domain": {trust, client},
		"no lifetime":    {unbound, client},
	} {
		if v, err := logout.NewVerifier(tc.p, tc.client); err == nil || v != nil {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// FuzzVerify holds that what is accepted says who is meant, and that nothing else says anything. The
// signature is real, so that the claims are reached.
func FuzzVerify(f *testing.F) {
	key := minttest.Key(f, "ES256", "k-1")
	v, set, now := verifier(f, key)
	for _, edits := range [][]func(map[string]any){nil, {mint.Without("sid")}, {mint.Set("nonce", "n")}, {events(map[string]any{event: 1})}, {mint.Set("aud", []any{client, 1})}} {
		text, err := json.Marshal(claims(now, edits...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(`{"alg":"ES256","kid":"k-1","typ":"logout+jwt"}`, string(text))
	}
	f.Add(`{"alg":"ES256","kid":"k-1","typ":"logout+jwt"}`, `{"iss":"x","iss":"y"}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		parsed, err := jose.Parse(minttest.SignRaw(t, key, []byte(header), []byte(payload)), logout.MaxToken)
		if err != nil {
			return
		}
		l, err := v.Verify(parsed, set, now)
		if err != nil {
			if code := reason.Of(err); code == reason.Internal || code.Granted() || l.Subject+l.Session+l.ID != "" {
				t.Fatalf("%v with %+v", err, l)
			}
			return
		}
		var said struct {
			Iss    string         `json:"iss"`
			Jti    string         `json:"jti"`
			Events map[string]any `json:"events"`
			Nonce  *any           `json:"nonce"`
		}
		if err := json.Unmarshal([]byte(payload), &said); err != nil {
			t.Fatal(err)
		}
		if said.Iss != mint.Issuer || said.Jti != l.ID || said.Events[event] == nil || said.Nonce != nil || l.Subject+l.Session == "" ||
			l.Expires.Sub(l.IssuedAt) > 10*time.Minute || l.Expires.Before(now.Add(-time.Minute)) {
			t.Fatalf("%s says %+v", payload, l)
		}
	})
}
