//go:build e2e_idp

package idp_test

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/idp/keycloak"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A heavy is a Keycloak with a shop behind it.
type heavy struct {
	*shop
	*keycloak.Keycloak
	authority *idp.Authority
	logouts   *inbox
	dpop      *mint.Key
}

// startHeavy runs everything.
func startHeavy(t *testing.T, more string) *heavy {
	t.Helper()
	w, a := mesh.NewWorld(t), idp.NewAuthority(t)
	h := &heavy{authority: a, logouts: newInbox(t), dpop: minttest.Key(t, "ES256", "proof")}
	begun := time.Now()
	h.Keycloak = keycloak.Start(t, keycloak.Setup{Authority: a, ClientCA: w.File("shop.pem"), Logout: h.logouts.url})
	t.Logf("Keycloak was ready after %v", time.Since(begun).Round(100*time.Millisecond))
	h.shop = open(t, w, a, "keycloak", h.Issuer, "5m", more)
	return h
}

// client returns a client of a realm: with the secret of the tests where its name is a robot's.
func (h *heavy) client(at idp.Server, id string, certificate *tls.Certificate) idp.Client {
	c := idp.Client{ID: id, TLS: h.authority.TLS(certificate), Server: at}
	if id[:3] != "web" {
		c.Secret = id + "-secret"
	}
	return c
}

// robot returns the access token of a program.
func (h *heavy) robot(t *testing.T, id string) string {
	t.Helper()
	return get(t, h.client(h.Server, id, nil), robot(), nil).Access
}

// password returns a person's tokens by the grant that needs no browser.
func (h *heavy) password(t *testing.T, at idp.Server, client, name string, header http.Header) idp.Tokens {
	t.Helper()
	return get(t, h.client(at, client, nil), grant("password", "username", name, "password", name+"-password", "scope", "openid"), header)
}

// browser returns that of a person. Where one is asked for, bob types a one-time password.
func (h *heavy) browser(name string) *idp.Browser {
	return idp.NewBrowser(h.authority.TLS(nil), map[string]func() string{
		"username": idp.Typed(name), "password": idp.Typed(name + "-password"),
		"otp": func() string { return idp.OTP("a secret of bob's phone", time.Now()) },
	})
}

// TestKeycloak is the whole life of a token of Keycloak.
func TestKeycloak(t *testing.T) {
	t.Parallel()
	h := startHeavy(t, boundRoutes+stepRoutes)
	h.StepUp(t, keycloak.Realm)
	h.ready(t, "/read", h.robot(t, "robot-rs256"))
	t.Run("all", func(t *testing.T) {
		t.Run("rotation", h.rotation)
		t.Run("accepted", h.accepted)
		t.Run("told apart", h.toldApart)
		t.Run("bound", h.bound)
		t.Run("step up", h.stepUp)
		t.Run("revoked", h.revoked)
		t.Run("disabled", h.disabled)
		t.Run("logged out", h.loggedOut)
	})
	t.Run("rotation long after the last fetch", h.lateRotation)
	t.Run("down", h.down)
}

// accepted are the access tokens of every algorithm and form.
func (h *heavy) accepted(t *testing.T) {
	var kinds []kind
	for _, id := range []string{"robot-rs256", "robot-ps256", "robot-es256", "robot-eddsa", "robot-atjwt"} {
		token := h.robot(t, id)
		name := "access token of " + id + ", typ " + typ(t, token)
		kinds = append(kinds, kind{name, token, "/read", "200"}, kind{"... where another client is wanted", token, "/by-web", "403 not_granted"})
	}
	alice, err := h.browser("alice").Login(t.Context(), h.client(h.Server, "web", nil), "openid", nil)
	if err != nil {
		t.Fatal(err)
	}
	bob, err := h.browser("bob").Login(t.Context(), h.client(h.Server, "web", nil), "openid", nil)
	if err != nil {
		t.Fatal(err)
	}
	h.judge(t, mesh.Anonymous(), "Keycloak, accepted", append(kinds,
		kind{"access token of alice, code and PKCE", alice.Access, "/read", "200"},
		kind{"... by the document of docs/providers/keycloak.md", alice.Access, "/page", "200"},
		kind{"... where her client is wanted", alice.Access, "/by-web", "200"},
		kind{"... where her role is wanted", alice.Access, "/buyers", "200"},
		kind{"access token of bob", bob.Access, "/read", "200"},
		kind{"... where another role is wanted", bob.Access, "/buyers", "403 not_granted"},
	))
}

// toldApart sends what Keycloak makes that is no access token for the shop.
func (h *heavy) toldApart(t *testing.T) {
	alice := h.password(t, h.Server, "web", "alice", nil)
	again := get(t, h.client(h.Server, "web", nil), grant("refresh_token", "refresh_token", alice.Refresh), nil)
	dpop := h.password(t, h.Server, "web-dpop", "alice", proof(t, h.dpop, h.Server.Token))
	light := h.password(t, h.Server, "web-light", "alice", nil)
	elsewhere := h.password(t, h.Server, "web-elsewhere", "alice", nil)
	h.judge(t, mesh.Anonymous(), "Keycloak, where access tokens for shop-api are asked for", []kind{
		{"access token after a refresh", again.Access, "/read", "200"},
		{"ID token", alice.ID, "/any", "401 token_type"},
		{"... by the document of docs/providers/keycloak.md", alice.ID, "/page", "401 token_type"},
		{"ID token, its audience among those asked for", alice.ID, "/careless", "401 token_type"},
		{"ID token, encrypted (JWE)", h.encrypted(t), "/any", "401 token_malformed"},
		{"refresh token (HS512)", alice.Refresh, "/any", "401 token_algorithm"},
		{"logout token", h.logout(t), "/any", "401 token_type"},
		{"lightweight access token, without aud", light.Access, "/any", "401 token_claims"},
		{"access token of a client whose tokens have no audience", elsewhere.Access, "/any", "401 token_claims"},
		{"access token for another API", h.robot(t, "robot-billing"), "/any", "401 token_audience"},
		{"access token of another client, where web is wanted", h.robot(t, "robot-rs256"), "/by-web", "403 not_granted"},
		{"access token bound by DPoP, sent as Bearer", dpop.Access, "/any", "401 token_binding"},
		{"access token exchanged for shop-api", h.exchanged(t, alice.Access, "shop-api"), "/read", "200"},
		{"... whose client is now the one that exchanged it", h.exchanged(t, alice.Access, "shop-api"), "/by-web", "403 not_granted"},
		{"access token exchanged for another audience", h.exchanged(t, alice.Access, "billing"), "/any", "401 token_audience"},
	})
	h.judge(t, mesh.Anonymous(), "Keycloak, where ID tokens for web are asked for", []kind{
		{"ID token", alice.ID, "/person", "200"},
		{"ID token of another client", light.ID, "/person", "401 token_audience"},
		{"access token", alice.Access, "/person", "401 token_type"},
		{"refresh token", alice.Refresh, "/person", "401 token_algorithm"},
	})
}

// logout lets a person log out, and returns the token that Keycloak sends to the client.
func (h *heavy) logout(t *testing.T) string {
	t.Helper()
	h.endSession(t, "web", h.password(t, h.Server, "web", "carol", nil).Refresh)
	return h.logouts.next(t)
}

// endSession ends the session of a refresh token.
func (h *heavy) endSession(t *testing.T, client, refresh string) {
	t.Helper()
	status, body, err := h.client(h.Server, client, nil).Post(t.Context(), h.EndSession, url.Values{"refresh_token": {refresh}})
	if err != nil || status/100 != 2 {
		t.Fatalf("logout: %d %v %s", status, err, body)
	}
}

// exchanged returns a token that the orders service got for one of a person: RFC 8693.
func (h *heavy) exchanged(t *testing.T, token, audience string) string {
	t.Helper()
	return get(t, h.client(h.Server, "orders", nil), grant("urn:ietf:params:oauth:grant-type:token-exchange",
		"subject_token", token, "subject_token_type", "urn:ietf:params:oauth:token-type:access_token", "audience", audience), nil).Access
}

// encrypted returns an ID token that only its client can read.
func (h *heavy) encrypted(t *testing.T) string {
	t.Helper()
	enc := minttest.Key(t, "RS256", "enc").JWK()
	enc["use"], enc["alg"] = "enc", "RSA-OAEP-256"
	h.NewClient(t, keycloak.Realm, "web-jwe", map[string]string{
		"id.token.encrypted.response.alg": "RSA-OAEP-256", "id.token.encrypted.response.enc": "A256GCM",
		"use.jwks.string": "true", "jwks.string": keySet(t, enc),
	})
	return h.password(t, h.Server, "web-jwe", "alice", nil).ID
}
