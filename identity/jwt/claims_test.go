package jwt_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// number is a JSON number as it is written.
func number(s string) json.Number { return json.Number(s) }

// in returns a time from now as a claim.
func in(d time.Duration) int64 { return now.Add(d).Unix() }

// TestClaims has a token that is sound but for one claim.
func TestClaims(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config(), key)
	long := strings.Repeat("x", 2049)
	for name, tc := range map[string]struct {
		edit func(map[string]any)
		want reason.Code
	}{
		"no iss":                {set("iss", nil), reason.TokenClaims},
		"iss a list":            {set("iss", []string{mint.Issuer}), reason.TokenClaims},
		"iss another":           {set("iss", "https://canary.test/"), reason.TokenIssuer},
		"iss without slash":     {set("iss", strings.TrimSuffix(mint.Issuer, "/")), reason.TokenIssuer},
		"iss in capitals":       {set("iss", strings.ToUpper(mint.Issuer)), reason.TokenIssuer},
		"iss and more":          {set("iss", mint.Issuer+"x"), reason.TokenIssuer},
		"iss empty":             {set("iss", ""), reason.TokenIssuer},
		"no aud":                {set("aud", nil), reason.TokenClaims},
		"aud a string":          {set("aud", mint.Audience), reason.Allowed},
		"aud the other":         {set("aud", "other-api"), reason.Allowed},
		"aud one of many":       {set("aud", []string{"x", mint.Audience, "y"}), reason.Allowed},
		"aud another":           {set("aud", "canary"), reason.TokenAudience},
		"aud others":            {set("aud", []string{"canary", "b"}), reason.TokenAudience},
		"aud in capitals":       {set("aud", "SHOP-API"), reason.TokenAudience},
		"aud as words":          {set("aud", "x shop-api"), reason.TokenAudience},
		"aud empty":             {set("aud", ""), reason.TokenClaims},
		"aud an empty list":     {set("aud", []string{}), reason.TokenClaims},
		"aud with an empty one": {set("aud", []string{"", mint.Audience}), reason.TokenClaims},
		"aud with a number":     {set("aud", []any{mint.Audience, 1}), reason.TokenClaims},
		"aud an object":         {set("aud", map[string]any{mint.Audience: true}), reason.TokenClaims},
		"aud null":              {func(c map[string]any) { c["aud"] = nil }, reason.TokenClaims},
		"no sub":                {set("sub", nil), reason.TokenClaims},
		"sub empty":             {set("sub", ""), reason.TokenClaims},
		"sub a number":          {set("sub", 7), reason.TokenClaims},
		"sub null":              {func(c map[string]any) { c["sub"] = nil }, reason.TokenClaims},
		"sub too long":          {set("sub", long), reason.TokenClaims},
		"sub of 2048 bytes":     {set("sub", long[1:]), reason.Allowed},
		"sub with a newline":    {set("sub", "canary\nx-user: admin"), reason.TokenClaims},
		"sub with DEL":          {set("sub", "a\x7f"), reason.TokenClaims},
		"sub with C1":           {set("sub", "a\u0085"), reason.TokenClaims},
		"sub in Japanese":       {set("sub", "山田"), reason.Allowed},
		"client_id a number":    {set("client_id", 1), reason.TokenClaims},
		"client_id empty":       {set("client_id", ""), reason.TokenClaims},
		"azp of the wrong type": {func(c map[string]any) { delete(c, "client_id"); c["azp"] = true }, reason.TokenClaims},
		"neither client":        {set("client_id", nil), reason.Allowed},
		"acr a number":          {set("acr", 1), reason.TokenClaims},
		"amr a string":          {set("amr", "mfa"), reason.TokenClaims},
		"amr with a number":     {set("amr", []any{1}), reason.TokenClaims},
		"amr empty":             {set("amr", []string{}), reason.Allowed},
		"jti a number":          {set("jti", 1), reason.TokenClaims},
		"sid a list":            {set("sid", []string{"s"}), reason.TokenClaims},
		"scope a number":        {set("scope", 7), reason.TokenClaims},
		"scope null":            {func(c map[string]any) { c["scope"] = nil }, reason.TokenClaims},
		"scope an object":       {set("scope", map[string]any{"orders:read": true}), reason.TokenClaims},
		"scope with two spaces": {set("scope", "a  b"), reason.TokenClaims},
		"scope with a tab":      {set("scope", "a\tb"), reason.TokenClaims},
		"scope ends in a space": {set("scope", "a "), reason.TokenClaims},
		"scope with a quote":    {set("scope", `a"b`), reason.TokenClaims},
		"scope not ASCII":       {set("scope", "é"), reason.TokenClaims},
		"scope with a number":   {set("scope", []any{"a", 1}), reason.TokenClaims},
		"two scopes in one":     {set("scope", []string{"a b"}), reason.TokenClaims},
		"an empty scope":        {set("scope", []string{""}), reason.TokenClaims},
		"roles a number":        {set("realm_access", map[string]any{"roles": 1}), reason.TokenClaims},
		"roles below a string":  {set("realm_access", "roles"), reason.TokenClaims},
		"roles below null":      {func(c map[string]any) { c["realm_access"] = nil }, reason.TokenClaims},
		"roles absent":          {set("realm_access", nil), reason.Allowed},
		"roles absent within":   {set("realm_access", map[string]any{}), reason.Allowed},
		"a claim of a NUL":      {set("anything", "\x00"), reason.TokenMalformed},
		"claims of every kind":  {set("deep", []any{map[string]any{"a": 1.5}, true, nil}), reason.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, v, minttest.Sign(t, key, nil, mint.Claims(now, tc.edit)), tc.want)
		})
	}
}

// check holds the reason for which a token is refused, or that it is not.
func check(t *testing.T, v verifies, raw string, want reason.Code) {
	t.Helper()
	user, err := v.VerifyRaw(raw, now, identity.Caller{})
	switch {
	case reason.Of(err) != want || (user != nil) != (want == reason.Allowed):
		t.Errorf("got %v, %v, want %v", user, err, want)
	case err != nil && strings.Contains(err.Error(), "canary"):
		t.Errorf("the error holds a value of the token: %v", err)
	}
}

type verifies interface {
	VerifyRaw(string, time.Time, identity.Caller) (*identity.User, error)
}

// issuedThen is set for a token that was issued two hours ago.
func issuedThen(name string, value any) func(map[string]any) {
	return func(c map[string]any) { c["iat"], c[name] = in(-2*time.Hour), value }
}

func TestTimes(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config(), key)
	for name, tc := range map[string]struct {
		edit func(map[string]any)
		want reason.Code
	}{
		"no exp":                    {set("exp", nil), reason.TokenClaims},
		"exp null":                  {func(c map[string]any) { c["exp"] = nil }, reason.TokenClaims},
		"exp a string":              {set("exp", fmt.Sprint(in(time.Minute))), reason.TokenClaims},
		"exp a list":                {set("exp", []int64{in(time.Minute)}), reason.TokenClaims},
		"exp true":                  {set("exp", true), reason.TokenClaims},
		"exp 0":                     {set("exp", 0), reason.TokenClaims},
		"exp negative":              {set("exp", -1), reason.TokenClaims},
		"exp in milliseconds":       {set("exp", now.Add(time.Minute).UnixMilli()), reason.TokenClaims},
		"exp in the year 3000":      {set("exp", 32503680000), reason.TokenClaims},
		"exp over 63 bits":          {set("exp", number("9223372036854775808")), reason.TokenClaims},
		"exp over 64 bits":          {set("exp", number("18446744073709551617")), reason.TokenClaims},
		"exp with an exponent":      {set("exp", number("1.9e9")), reason.TokenClaims},
		"exp with an exponent, E":   {set("exp", number("19E8")), reason.TokenClaims},
		"exp with a fraction":       {set("exp", number(fmt.Sprintf("%d.999", in(time.Minute)))), reason.Allowed},
		"exp a fraction too early":  {issuedThen("exp", number(fmt.Sprintf("%d.999", in(-30*time.Second)))), reason.TokenExpired},
		"expired within the skew":   {issuedThen("exp", in(-29*time.Second)), reason.Allowed},
		"expired by all the skew":   {issuedThen("exp", in(-30*time.Second)), reason.TokenExpired},
		"expired long ago":          {issuedThen("exp", in(-time.Hour)), reason.TokenExpired},
		"no iat":                    {set("iat", nil), reason.TokenClaims},
		"iat a string":              {set("iat", fmt.Sprint(in(0))), reason.TokenClaims},
		"iat 0":                     {set("iat", 0), reason.TokenClaims},
		"iat with an exponent":      {set("iat", number("1.7e9")), reason.TokenClaims},
		"iat within the skew":       {set("iat", in(30*time.Second)), reason.Allowed},
		"iat in the future":         {set("iat", in(31*time.Second)), reason.TokenNotYetValid},
		"exp not after iat":         {func(c map[string]any) { c["exp"] = c["iat"] }, reason.TokenClaims},
		"exp before iat":            {func(c map[string]any) { c["iat"], c["exp"] = in(20*time.Second), in(10*time.Second) }, reason.TokenClaims},
		"a lifetime at the bound":   {func(c map[string]any) { c["iat"], c["exp"] = in(-time.Hour), in(23*time.Hour) }, reason.Allowed},
		"a lifetime over the bound": {func(c map[string]any) { c["iat"], c["exp"] = in(-time.Hour), in(23*time.Hour+time.Second) }, reason.TokenLifetime},
		"a lifetime of years":       {set("exp", in(20*365*24*time.Hour)), reason.TokenLifetime},
		"nbf now":                   {set("nbf", in(0)), reason.Allowed},
		"nbf within the skew":       {set("nbf", in(30*time.Second)), reason.Allowed},
		"nbf in the future":         {set("nbf", in(31*time.Second)), reason.TokenNotYetValid},
		"nbf a fraction too late":   {set("nbf", number(fmt.Sprintf("%d.001", in(30*time.Second)))), reason.TokenNotYetValid},
		"nbf a fraction of zeros":   {set("nbf", number(fmt.Sprintf("%d.000", in(30*time.Second)))), reason.Allowed},
		"nbf a string":              {set("nbf", "0"), reason.TokenClaims},
		"nbf not before exp":        {set("nbf", in(5*time.Minute)), reason.TokenClaims},
		"auth_time long ago":        {set("auth_time", in(-1000*time.Hour)), reason.Allowed},
		"auth_time in the future":   {set("auth_time", in(31*time.Second)), reason.TokenClaims},
		"auth_time 0":               {set("auth_time", 0), reason.TokenClaims},
		"auth_time a string":        {set("auth_time", "0"), reason.TokenClaims},
		"no auth_time":              {set("auth_time", nil), reason.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, v, minttest.Sign(t, key, nil, mint.Claims(now, tc.edit)), tc.want)
		})
	}
}

// TestUse has the tokens that real issuers sign with one key, some under one header.
func TestUse(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	access, id := verifier(t, config(), key), verifier(t, config(idTokens), key)
	for name, tc := range map[string]struct {
		edit   func(map[string]any)
		access reason.Code
		id     reason.Code
	}{
		"no mark":                    {func(map[string]any) {}, reason.Allowed, reason.Allowed},
		"Keycloak, access":           {set("typ", "Bearer"), reason.Allowed, reason.TokenType},
		"Keycloak, ID":               {set("typ", "ID"), reason.TokenType, reason.Allowed},
		"Keycloak, refresh":          {set("typ", "Refresh"), reason.TokenType, reason.TokenType},
		"Keycloak, offline":          {set("typ", "Offline"), reason.TokenType, reason.TokenType},
		"Keycloak, logout":           {set("typ", "Logout"), reason.TokenType, reason.TokenType},
		"Keycloak, DPoP":             {set("typ", "DPoP"), reason.TokenBinding, reason.TokenBinding},
		"Keycloak, anything":         {set("typ", "canary"), reason.TokenType, reason.TokenType},
		"claim typ a number":         {set("typ", 1), reason.TokenClaims, reason.TokenClaims},
		"Cognito, access":            {set("token_use", "access"), reason.Allowed, reason.TokenType},
		"Cognito, ID":                {set("token_use", "id"), reason.TokenType, reason.Allowed},
		"token_type refresh":         {set("token_type", "refresh"), reason.TokenType, reason.TokenType},
		"token_type access":          {set("token_type", "access"), reason.Allowed, reason.TokenType},
		"nonce":                      {set("nonce", "canary"), reason.TokenType, reason.Allowed},
		"Keycloak before 25":         {func(c map[string]any) { c["typ"], c["nonce"] = "Bearer", "n" }, reason.Allowed, reason.TokenType},
		"nonce, and typ JWT":         {func(c map[string]any) { c["typ"], c["nonce"] = "JWT", "n" }, reason.TokenType, reason.Allowed},
		"at_hash":                    {set("at_hash", "canary"), reason.TokenType, reason.Allowed},
		"c_hash":                     {set("c_hash", "canary"), reason.TokenType, reason.Allowed},
		"logout token":               {set("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}), reason.TokenType, reason.TokenType},
		"events null":                {func(c map[string]any) { c["events"] = nil }, reason.TokenType, reason.TokenType},
		"bound to a key":             {set("cnf", map[string]any{"jkt": "canary"}), reason.TokenBinding, reason.TokenBinding},
		"bound to a certificate":     {set("cnf", map[string]any{"x5t#S256": "canary"}), reason.TokenBinding, reason.TokenBinding},
		"bound to who knows what":    {set("cnf", map[string]any{"kc-jkt-type": "DPoP"}), reason.TokenBinding, reason.TokenBinding},
		"bound to nothing":           {set("cnf", map[string]any{}), reason.TokenBinding, reason.TokenBinding},
		"bound to null":              {func(c map[string]any) { c["cnf"] = nil }, reason.TokenBinding, reason.TokenBinding},
		"bound, and an ID token too": {func(c map[string]any) { c["cnf"], c["nonce"] = map[string]any{}, "n" }, reason.TokenBinding, reason.TokenBinding},
	} {
		t.Run(name, func(t *testing.T) {
			raw := minttest.Sign(t, key, key.Header("JWT"), mint.Claims(now, tc.edit))
			check(t, access, raw, tc.access)
			check(t, id, raw, tc.id)
		})
	}
}

// TestAccessTokenHeaderIsNoIDToken holds even where the list of types says otherwise.
func TestAccessTokenHeaderIsNoIDToken(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	p := config(idTokens, func(p *identity.Provider) { p.JWT.Types = []string{"jwt", "at+jwt"} })
	check(t, verifier(t, p, key), minttest.Token(t, key, now), reason.TokenType)
}

func TestClaimMap(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	for name, tc := range map[string]struct {
		claims identity.ClaimMap
		edit   func(map[string]any)
		want   string // subject, client, scopes, roles
	}{
		"defaults":                {identity.ClaimMap{}, set("x", 1), "alice shop-web [] []"},
		"azp":                     {identity.ClaimMap{}, func(c map[string]any) { delete(c, "client_id"); c["azp"] = "web" }, "alice web [] []"},
		"client_id before azp":    {identity.ClaimMap{}, set("azp", "web"), "alice shop-web [] []"},
		"another client":          {identity.ClaimMap{Client: []string{"cid"}}, set("cid", "c"), "alice c [] []"},
		"another subject":         {identity.ClaimMap{Subject: []string{"user", "id"}}, set("user", map[string]any{"id": "u-1"}), "u-1 shop-web [] []"},
		"scopes as words":         {identity.ClaimMap{Scopes: []string{"scope"}}, set("scope", "a b:c"), "alice shop-web [a b:c] []"},
		"scopes as a list":        {identity.ClaimMap{Scopes: []string{"scp"}}, set("scp", []string{"a", "b"}), "alice shop-web [a b] []"},
		"no scopes":               {identity.ClaimMap{Scopes: []string{"scope"}}, set("scope", ""), "alice shop-web [] []"},
		"scopes absent":           {identity.ClaimMap{Scopes: []string{"scp"}}, set("x", 1), "alice shop-web [] []"},
		"roles as words":          {identity.ClaimMap{Roles: []string{"role"}}, set("role", "a b"), "alice shop-web [] [a b]"},
		"roles with spaces":       {identity.ClaimMap{Roles: []string{"groups"}}, set("groups", []string{"Domain Users"}), "alice shop-web [] [Domain Users]"},
		"a name with dots":        {identity.ClaimMap{Roles: []string{"https://shop.test/roles"}}, set("https://shop.test/roles", []string{"r"}), "alice shop-web [] [r]"},
		"a path of three members": {identity.ClaimMap{Roles: []string{"a", "b", "c"}}, set("a", map[string]any{"b": map[string]any{"c": "r"}}), "alice shop-web [] [r]"},
	} {
		t.Run(name, func(t *testing.T) {
			v := verifier(t, config(func(p *identity.Provider) { p.Claims = tc.claims }), key)
			user, err := v.VerifyRaw(minttest.Token(t, key, now, tc.edit), now, identity.Caller{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(user.Subject, " ", user.Client, " ", user.Scopes, " ", user.Roles); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	absent := verifier(t, config(func(p *identity.Provider) { p.Claims.Subject = []string{"email"} }), key)
	check(t, absent, minttest.Token(t, key, now), reason.TokenClaims)
}

func TestIntegersStayExact(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	raw := minttest.Token(t, key, now, set("big", number("9007199254740993")))
	user, err := verifier(t, config(), key).VerifyRaw(raw, now, identity.Caller{})
	if err != nil || user.Claims["big"] != json.Number("9007199254740993") {
		t.Errorf("got %v, %v", user, err)
	}
}

func TestIsFrom(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config())
	for name, tc := range map[string]struct {
		edit     func(map[string]any)
		ours     bool
		audience bool
	}{
		"ours":             {set("x", 1), true, true},
		"another issuer":   {set("iss", "https://canary.test/"), false, true},
		"no issuer":        {set("iss", nil), false, true},
		"another audience": {set("aud", "x"), true, false},
		"a bad audience":   {set("aud", 7), true, false},
		"no audience":      {set("aud", nil), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := jose.Parse(minttest.Token(t, key, now, tc.edit), 8<<10)
			if err != nil {
				t.Fatal(err)
			}
			if got := v.IsFrom(token); got != tc.ours {
				t.Errorf("issuer: %v", got)
			}
			if got := v.AddressedTo(token); got != tc.audience {
				t.Errorf("audience: %v", got)
			}
		})
	}
}

// FuzzVerify signs whatever claims: a user only comes out of claims that are sound.
func FuzzVerify(f *testing.F) {
	key := minttest.Key(f, "EdDSA", "k1")
	v := verifier(f, config(func(p *identity.Provider) { p.JWT.Algorithms = []string{"EdDSA"} }), key)
	for _, edit := range []func(map[string]any){set("x", 1), set("aud", "shop-api"), set("exp", 0), set("scope", []string{"a b"}), set("nbf", number("1.5"))} {
		text, err := json.Marshal(mint.Claims(now, edit))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		raw := minttest.SignRaw(t, key, []byte(`{"alg":"EdDSA","kid":"k1"}`), payload)
		user, err := v.VerifyRaw(raw, now, identity.Caller{})
		if err != nil {
			if status := reason.Of(err).Status(); user != nil || status != 401 {
				t.Fatalf("user %v, %v", user, err)
			}
			return
		}
		_, bound := user.Claims["cnf"]
		switch {
		case user.IsZero() || user.Subject == "" || user.Issuer != mint.Issuer || bound:
			t.Fatalf("user %+v", user)
		case !slices.Contains(user.Audiences, mint.Audience) && !slices.Contains(user.Audiences, "other-api"):
			t.Fatalf("audiences %q", user.Audiences)
		case user.Expires.Add(30*time.Second).Before(now) || user.Expires.Sub(user.IssuedAt) > 24*time.Hour:
			t.Fatalf("from %v to %v", user.IssuedAt, user.Expires)
		}
	})
}
