//go:build e2e_idp

package idp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/mesh"
)

// toldApart sends what oidc-provider makes that is no access token for the shop.
func (l *light) toldApart(t *testing.T) {
	person := l.login(t, "web", "openid orders:read", forShop())
	again := get(t, l.Client("web", ""), grant("refresh_token", "refresh_token", person.Refresh), nil)
	nonce := l.login(t, "web", "openid", url.Values{"nonce": {"n-0S6_WzA2Mj"}})
	dpop := get(t, l.Client("robot", "robot-secret"),
		robot("resource", resource("shop-api", "alg=ES256"), "scope", "orders:read"), proof(t, l.dpop, l.Server.Token))
	l.judge(t, mesh.Anonymous(), "oidc-provider, where access tokens for shop-api are asked for", []kind{
		{"access token after a refresh", again.Access, "/read", "200"},
		{"ID token", person.ID, "/any", "401 token_audience"},
		{"... by the document of docs/providers/oidc-provider.md", person.ID, "/page", "401 token_algorithm"},
		{"ID token with nonce, its audience among those asked for", nonce.ID, "/careless", "401 token_type"},
		// Nothing in it says what it is. So the audience of an API is never the name of a client,
		// or else the provider takes types: [at+jwt] alone.
		{"ID token without nonce, its audience among those asked for", person.ID, "/careless", "200"},
		{"... where typ at+jwt is wanted", person.ID, "/typed", "401 token_type"},
		{"access token, where typ at+jwt is wanted", person.Access, "/typed", "200"},
		{"ID token, encrypted (JWE)", l.login(t, "web-jwe", "openid", nil).ID, "/any", "401 token_malformed"},
		{"refresh token (opaque)", person.Refresh, "/any", "401 token_malformed"},
		{"opaque access token", l.robot(t, "shop-api", "format=opaque"), "/any", "401 token_malformed"},
		{"logout token", l.logout(t), "/any", "401 token_type"},
		{"signed answer of the userinfo endpoint", l.userInfo(t), "/any", "401 token_audience"},
		{"access token for another audience", l.robot(t, "billing", "alg=ES256"), "/any", "401 token_audience"},
		{"access token bound by DPoP, sent as Bearer", dpop.Access, "/any", "401 token_binding"},
	})
	l.judge(t, mesh.Anonymous(), "oidc-provider, where ID tokens for web are asked for", []kind{
		{"ID token", person.ID, "/person", "200"},
		{"ID token with nonce", nonce.ID, "/person", "200"},
		{"ID token of another client", l.login(t, "web-info", "openid", nil).ID, "/person", "401 token_audience"},
		{"access token", person.Access, "/person", "401 token_type"},
	})
}

// logout lets a person log out, and returns the token that the provider sends to the client.
func (l *light) logout(t *testing.T) string {
	t.Helper()
	b := l.browser("alice")
	got, err := b.Login(t.Context(), l.Client("web", ""), "openid", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.endSession(t, b, got.ID)
	return l.logouts.next(t)
}

// endSession lets a person log out: OpenID Connect RP-Initiated Logout 1.0 section 2.
func (l *light) endSession(t *testing.T, b *idp.Browser, idToken string) {
	t.Helper()
	b.Answers["logout"] = idp.Typed("yes")
	if _, err := b.Visit(t.Context(), l.EndSession+"?id_token_hint="+idToken); err != nil {
		t.Fatal(err)
	}
}

// userInfo returns what the userinfo endpoint says of a person, signed: OpenID Connect Core 1.0
// section 5.3.2.
func (l *light) userInfo(t *testing.T) string {
	t.Helper()
	got := l.login(t, "web-info", "openid", nil)
	status, body, err := idp.Do(t.Context(), l.authority.TLS(nil), http.MethodGet, l.UserInfo,
		http.Header{"Authorization": {"Bearer " + got.Access}}, nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("userinfo: %d %v %s", status, err, body)
	}
	return string(body)
}
