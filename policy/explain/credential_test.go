package explain_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/policy/explain"
)

// tokens is a policy whose routes read credentials at every place that there is.
const tokens = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - {name: one, http: {methods: [GET], path: /one}, allow: [{callers: [anyone], user: {provider: shop-idp, scopes: read}}]}
  - {name: two, http: {methods: [GET], path: /two}, allow: [{callers: [anyone], user: {provider: [shop-idp, other-idp, cookie-idp, bare-idp]}}]}
  - {name: bare, http: {methods: [GET], path: /bare}, allow: [{callers: [anyone], user: {provider: bare-idp}, headers: {x-token: {any: [never]}}, when: 'header("x-token") == ["never"]'}]}
  - {name: open, http: {methods: [GET], path: /open}, allow: [{callers: [anyone]}]}
  - {name: roles, http: {methods: [GET], path: /roles}, allow: [{callers: [anyone], user: {provider: cookie-idp, roles: {all: [a, b]}, scopes: {any: [s, t]}, audiences: shop-api, clients: app, subjects: bob, amr: otp, acr: mfa, maxAge: 1h}, source: [0.0.0.0/0]}]}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec: {jwt: {issuer: https://idp.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: other-idp}
spec: {jwt: {issuer: https://idp.test/, audiences: [other-api], algorithms: [ES256], jwks: {discovery: true}}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: cookie-idp}
spec: {jwt: {issuer: https://cookie.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}, from: {cookie: session}, claims: {roles: [realm, access, roles], client: [app]}}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: bare-idp}
spec: {jwt: {issuer: https://bare.test/, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true}}, from: {header: x-token}}
`

func tokenExplainer(t testing.TB) *explain.Explainer {
	t.Helper()
	return explainer(t, &txtar.Archive{Files: []txtar.File{{Name: "a.yaml", Data: []byte(tokens)}}})
}

const signature = "U0lHTkFUVVJFLUNBTkFSWQ"

// jwt is a token of shop-idp's, but for what is changed: nil takes a claim away, "h:alg" is of the
// header.
func jwt(t testing.TB, changes map[string]any) string {
	t.Helper()
	header := map[string]any{"alg": "ES256", "kid": "k1"}
	claims := map[string]any{
		"iss": "https://idp.test/", "sub": "alice", "aud": "shop-api", "scope": "read",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, value := range maps.All(changes) {
		to := claims
		if of, ok := strings.CutPrefix(name, "h:"); ok {
			to, name = header, of
		}
		if to[name] = value; value == nil {
			delete(to, name)
		}
	}
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return part(header) + "." + part(claims) + "." + signature
}

func TestTokens(t *testing.T) {
	e := tokenExplainer(t)
	good := jwt(t, nil)
	for _, tc := range []struct {
		name, path string
		headers    []string
		want       string // the reason
		user       string
	}{
		{"good", "/one", []string{"Authorization: Bearer " + good}, "allowed", "alice"},
		{"the scheme in another case", "/one", []string{"authorization: BEARER " + good}, "allowed", "alice"},
		{"none", "/one", nil, "credential_missing", ""},
		{"another scheme", "/one", []string{"Authorization: Basic YTpi"}, "credential_missing", ""},
		{"at a place that nobody reads", "/one", []string{"Cookie: session=" + good}, "credential_missing", ""},
		{"on a route that reads none", "/open", []string{"Authorization: Bearer nonsense"}, "allowed", ""},
		{"two", "/one", []string{"Authorization: Bearer " + good, "Authorization: Bearer " + good}, "credential_duplicate", ""},
		{"two in one", "/one", []string{"Authorization: Bearer " + good + ",Bearer x"}, "credential_duplicate", ""},
		{"no token", "/one", []string{"Authorization: Bearer"}, "token_malformed", ""},
		{"two spaces", "/one", []string{"Authorization: Bearer  " + good}, "token_malformed", ""},
		{"opaque", "/one", []string{"Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA"}, "token_malformed", ""},
		{"two parts", "/one", []string{"Authorization: Bearer a.b"}, "token_malformed", ""},
		{"no JSON", "/one", []string{"Authorization: Bearer YQ.YQ.YQ"}, "token_malformed", ""},
		{"null", "/one", []string{"Authorization: Bearer bnVsbA.bnVsbA.YQ"}, "token_malformed", ""},
		{"two values", "/one", []string{"Authorization: Bearer e317fQ.e30.YQ"}, "token_malformed", ""},
		{"issuer", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"iss": "https://evil.test/"})}, "token_issuer", ""},
		{"no issuer", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"iss": nil})}, "token_claims", ""},
		{"audience", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"aud": []any{"other-api"}})}, "token_audience", ""},
		{"an audience that is a number", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"aud": []any{"other-api", 3}})}, "token_claims", ""},
		{"no subject", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"sub": nil})}, "token_claims", ""},
		{"crit", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"h:crit": []string{"b64"}, "h:b64": false})}, "token_header", ""},
		{"an ID token", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"nonce": "n"})}, "token_type", ""},
		{"no audience", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"aud": nil})}, "token_claims", ""},
		{"by audience", "/two", []string{"Authorization: Bearer " + jwt(t, map[string]any{"aud": []any{"other-api"}})}, "allowed", "alice"},
		{"for both", "/two", []string{"Authorization: Bearer " + jwt(t, map[string]any{"aud": []any{"other-api", "shop-api"}})}, "token_audience", ""},
		{"a cookie", "/two", []string{"Cookie: a=b; session=" + jwt(t, map[string]any{"iss": "https://cookie.test/"})}, "allowed", "alice"},
		{"two cookies", "/two", []string{"Cookie: session=a; session=b"}, "credential_duplicate", ""},
		{"a header of its own", "/two", []string{"X-Token: " + jwt(t, map[string]any{"iss": "https://bare.test/"})}, "allowed", "alice"},
		{"two places", "/two", []string{"Authorization: Bearer " + good, "Cookie: session=a"}, "credential_duplicate", ""},
		{"alg", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"h:alg": "none"})}, "token_algorithm", ""},
		{"typ", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"h:typ": "logout+jwt"})}, "token_type", ""},
		{"a known typ", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"h:typ": "application/AT+JWT"})}, "allowed", "alice"},
		{"bound", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"cnf": map[string]any{}})}, "token_binding", ""},
		{"no exp", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"exp": nil})}, "token_claims", ""},
		{"a text for exp", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"exp": "soon"})}, "token_claims", ""},
		{"an endless exp", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"exp": 1e300})}, "token_claims", ""},
		{"exp before iat", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"exp": now.Unix() - 1})}, "token_claims", ""},
		{"expired", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"iat": now.Unix() - 7200, "exp": now.Unix() - 3600})}, "token_expired", ""},
		{"from later on", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"nbf": now.Unix() + 600})}, "token_not_yet_valid", ""},
		{"issued later", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"iat": now.Unix() + 600})}, "token_not_yet_valid", ""},
		{"for years", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"exp": now.AddDate(3, 0, 0).Unix()})}, "token_lifetime", ""},
		{"a scope that is a number", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"scope": 3})}, "token_claims", ""},
		{"no scope", "/one", []string{"Authorization: Bearer " + jwt(t, map[string]any{"scope": nil})}, "not_granted", "alice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x, err := e.Explain(explain.Question{At: now, Path: tc.path, Headers: tc.headers})
			if err != nil {
				t.Fatal(err)
			}
			if x.Reason != tc.want || x.Request.User != tc.user {
				t.Errorf("got %s for %q, want %s for %q; notes %q", x.Reason, x.Request.User, tc.want, tc.user, x.Notes)
			}
			loud := len(x.Notes) > 0 && strings.HasPrefix(x.Notes[0], "THE TOKEN IS TAKEN AT ITS WORD")
			if said := strings.Contains(text(t, x), "(taken at its word)"); loud != (tc.user != "") || said != loud || x.Request.AtItsWord != loud {
				t.Errorf("of the token it is said: %q, %v, %v", x.Notes, said, x.Request.AtItsWord)
			}
			for _, c := range x.Changes {
				if c.Tried {
					checkChange(t, e, x, c)
				}
			}
		})
	}
}

// TestExpiredTokenIsMended: the change keeps what else the token says.
func TestExpiredTokenIsMended(t *testing.T) {
	e := tokenExplainer(t)
	token := jwt(t, map[string]any{"iat": now.Unix() - 7200, "exp": now.Unix() - 3600})
	x, err := e.Explain(explain.Question{At: now, Curl: fmt.Sprintf(`curl https://a.test/one -H "Authorization: Bearer %s"`, token)})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the token is one that shop-idp takes now, with the same claims"
	if len(x.Changes) != 1 || !x.Changes[0].Tried || len(x.Changes[0].Request) != 1 || x.Changes[0].Request[0] != want {
		t.Errorf("got %+v", x.Changes)
	}
}

// TestTokensAreChangedInTheirClaims: what a token says otherwise gives way.
func TestTokensAreChangedInTheirClaims(t *testing.T) {
	e := tokenExplainer(t)
	token := jwt(t, map[string]any{
		"iss": "https://cookie.test/", "scope": "u", "app": "other", "acr": "pwd", "amr": []string{"pwd"}, "auth_time": now.Unix() - 7200,
		"realm": map[string]any{"name": "shop", "access": map[string]any{"roles": []string{"a"}, "other": 1}},
	})
	x, err := e.Explain(explain.Question{At: now, Path: "/roles", Headers: []string{"Cookie: session=" + token}, Source: "2001:db8::7"})
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Changes) != 1 || !x.Changes[0].Tried {
		t.Fatalf("got %+v", x.Changes)
	}
	checkChange(t, e, x, x.Changes[0])
	const want = `the user's subject is bob
the user's client is app
the user has the scope s or t
the user has the role b, too
the user's acr is mfa
the user has the amr otp
the user logged in at most 1h0m0s ago
the source address is in 0.0.0.0/0`
	if got := strings.Join(x.Changes[0].Request, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestNamedUserIsBelieved: what the flags say is not looked for in the headers.
func TestNamedUserIsBelieved(t *testing.T) {
	e := tokenExplainer(t)
	for _, q := range []explain.Question{
		{User: "shop-idp/bob", Scopes: []string{"read"}},
		{Credential: "token_signature", User: "shop-idp"},
	} {
		q.At, q.Path, q.Headers = now, "/one", []string{"Authorization: Bearer " + jwt(t, nil)}
		x, err := e.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if len(x.Notes) != 1 || !strings.Contains(x.Notes[0], "is not looked at") || x.Request.AtItsWord || x.Request.User == "alice" {
			t.Errorf("got %q, %+v", x.Notes, x.Request)
		}
	}
}

// TestSecretsStayOut looks for parts of credentials in everything that is said.
func TestSecretsStayOut(t *testing.T) {
	e := tokenExplainer(t)
	const canary = "CANARY-7f3a"
	bare := jwt(t, map[string]any{"iss": "https://bare.test/"})
	for _, headers := range [][]string{
		{"Authorization: Bearer " + jwt(t, nil)},
		{"Authorization: Bearer " + canary},
		{"Authorization: Bearer " + canary + "." + canary + "." + canary},
		{"Authorization: " + canary},
		{"Proxy-Authorization: Basic " + canary},
		{"Cookie: session=" + canary + "; other=" + canary},
		{"Cookie: session=" + jwt(t, map[string]any{"iss": "https://cookie.test/"})},
		{"X-Token: " + bare},
		{"X-Token: " + canary},
		{"X-Token: " + canary, "X-Token: never"},
	} {
		for _, path := range []string{"/one", "/two", "/bare", "/open", "/nowhere", "/a?token=" + canary, "/a/../b?" + canary} {
			x, err := e.Explain(explain.Question{At: now, Path: path, Headers: headers})
			if err != nil {
				t.Fatal(err)
			}
			line, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			said := text(t, x) + string(line)
			for _, secret := range []string{canary, signature, strings.Split(bare, ".")[1]} {
				if strings.Contains(said, secret) {
					t.Errorf("%s with %q says %s", path, headers, said)
				}
			}
		}
	}
	for _, curl := range []string{
		"curl -u a:" + canary + " a.test", "curl https://a:" + canary + "@a.test", "curl -H '" + canary + "' a.test", "curl 'a.test -H " + canary,
	} {
		if _, err := e.Explain(explain.Question{At: now, Curl: curl}); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", curl, err)
		}
	}
}

// FuzzCredential holds that what stands where a credential belongs is never shown, whatever it is.
func FuzzCredential(f *testing.F) {
	e := tokenExplainer(f)
	f.Add("Bearer " + jwt(f, nil))
	f.Add("Bearer a.b.c")
	f.Add("bearer e30.e30.")
	f.Fuzz(func(t *testing.T, value string) {
		x, err := e.Explain(explain.Question{At: now, Path: "/one", Headers: []string{"Authorization: " + value}})
		if _, token, _ := strings.Cut(value, " "); err == nil && len(token) > 40 && strings.Contains(text(t, x), token) {
			t.Fatalf("%q is shown: %s", value, text(t, x))
		}
	})
}
