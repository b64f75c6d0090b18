//go:build e2e_idp

package idp_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/idp/oidcprovider"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A light is an oidc-provider with a shop behind it.
type light struct {
	*shop
	*oidcprovider.Provider
	authority *idp.Authority
	logouts   *inbox
	dpop      *mint.Key
	told      int // the port at which logouts of the client web-told are taken
}

// algorithms are those that both providers sign with.
func algorithms() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

// resource names the shop's API at the oidc-provider, and how its tokens are to be made.
func resource(audience, query string) string {
	return "https://resources.test/" + audience + "?" + query
}

// forShop asks for an access token for the shop's API.
func forShop() url.Values { return url.Values{"resource": {resource("shop-api", "alg=ES256")}} }

// lightKeys are a key for each algorithm.
func lightKeys(t *testing.T, generation string) []*mint.Key {
	var keys []*mint.Key
	for _, alg := range algorithms() {
		keys = append(keys, minttest.Key(t, alg, alg+generation))
	}
	return keys
}

// startLight runs everything.
func startLight(t *testing.T, refresh, more string) *light {
	t.Helper()
	w, a := mesh.NewWorld(t), idp.NewAuthority(t)
	l := &light{authority: a, logouts: newInbox(t), dpop: minttest.Key(t, "ES256", "proof"), told: idp.FreePort(t)}
	l.Provider = oidcprovider.Start(t, oidcprovider.Setup{
		Authority: a, ClientCA: w.File("shop.pem"), Keys: lightKeys(t, "-1"), Clients: l.clients(t),
	})
	l.shop = open(t, w, a, "oidc-provider", l.Issuer, refresh, more)
	return l
}

func (l *light) clients(t *testing.T) []map[string]any {
	web := func(id string, more map[string]any) map[string]any {
		c := map[string]any{
			"client_id": id, "token_endpoint_auth_method": "none", "redirect_uris": []string{idp.RedirectURI},
			"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
		}
		for name, value := range more {
			c[name] = value
		}
		return c
	}
	program := func(id string, more map[string]any) map[string]any {
		c := map[string]any{
			"client_id": id, "redirect_uris": []string{}, "response_types": []string{},
			"grant_types": []string{"client_credentials"},
		}
		for name, value := range more {
			c[name] = value
		}
		return c
	}
	enc := minttest.Key(t, "RS256", "enc").JWK()
	enc["use"], enc["alg"] = "enc", "RSA-OAEP-256"
	return []map[string]any{
		web("web", map[string]any{"backchannel_logout_uri": l.logouts.url, "backchannel_logout_session_required": true}),
		web("web-told", map[string]any{"backchannel_logout_uri": fmt.Sprintf("http://127.0.0.1:%d/backchannel-logout", l.told)}),
		web("web-jwe", map[string]any{
			"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A256GCM",
			"jwks": map[string]any{"keys": []any{enc}},
		}),
		web("web-info", map[string]any{"userinfo_signed_response_alg": "ES256"}),
		program("robot", map[string]any{"client_secret": "robot-secret"}),
		program("bound", map[string]any{
			"token_endpoint_auth_method": "tls_client_auth",
			"tls_client_auth_san_uri":    mesh.Web, "tls_client_certificate_bound_access_tokens": true,
		}),
	}
}

// robot returns an access token for a program.
func (l *light) robot(t *testing.T, audience, query string) string {
	t.Helper()
	return get(t, l.Client("robot", "robot-secret"), robot("resource", resource(audience, query), "scope", "orders:read"), nil).Access
}

// login returns the tokens of a person who logs in at a client.
func (l *light) login(t *testing.T, client, scope string, extra url.Values) idp.Tokens {
	t.Helper()
	b := l.browser("alice")
	got, err := b.Login(t.Context(), l.Client(client, ""), scope, extra)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (l *light) browser(name string) *idp.Browser {
	return idp.NewBrowser(l.authority.TLS(nil), map[string]func() string{"login": idp.Typed(name), "password": idp.Typed("any")})
}

// TestOIDCProvider is the whole life of a token of oidc-provider.
func TestOIDCProvider(t *testing.T) {
	t.Parallel()
	l := startLight(t, "5m", boundRoutes)
	l.ready(t, "/read", l.robot(t, "shop-api", "alg=RS256"))
	t.Run("accepted", l.accepted)
	t.Run("told apart", l.toldApart)
	t.Run("bound", l.bound)
	t.Run("revoked", l.revoked)
	t.Run("logged out", l.loggedOut)
}

// accepted are the access tokens of every algorithm.
func (l *light) accepted(t *testing.T) {
	var kinds []kind
	for _, alg := range algorithms() {
		token := l.robot(t, "shop-api", "alg="+alg)
		kinds = append(kinds,
			kind{"access token, " + alg + ", at+jwt, of a program", token, "/read", "200"},
			kind{"... where a role is wanted, and there are none", token, "/buyers", "403 not_granted"},
			kind{"... where another client is wanted", token, "/by-web", "403 not_granted"})
	}
	person := l.login(t, "web", "openid orders:read", forShop())
	kinds = append(kinds, kind{"access token of a person, code and PKCE", person.Access, "/read", "200"},
		kind{"... by the document of docs/providers/oidc-provider.md", person.Access, "/page", "200"},
		kind{"... where its client is wanted", person.Access, "/by-web", "200"})
	l.judge(t, mesh.Anonymous(), "oidc-provider, accepted", kinds)
	if got := text(t, person.Access, "sub"); got != "alice" {
		t.Errorf("sub is %q", got)
	}
}
