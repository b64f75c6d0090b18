package oidc

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/cmd/postern-dev/form"
)

// The grants of the token endpoint.
const (
	grantClient   = "client_credentials" // RFC 6749 section 4.4
	grantPassword = "password"           // RFC 6749 section 4.3
)

// serveToken is the token endpoint (RFC 6749 section 3.2).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	values, err := form.Body(r, "grant_type", "client_id", "client_secret", "username", "password", "scope", "audience")
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	name, client, ok := p.authenticate(r, values)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="postern-dev"`)
		refuse(w, http.StatusUnauthorized, "invalid_client", "unknown client, wrong secret, or a secret in two places")
		return
	}
	g := grant{client: name, audience: p.config.Audience, ttl: p.config.TokenTTL}
	switch values.Get("grant_type") {
	case grantClient:
		if client.Secret == "" {
			refuse(w, http.StatusBadRequest, "unauthorized_client", "a client without a secret speaks for users only")
			return
		}
		g.subject = client.subject(name)
	case grantPassword:
		user, known := p.config.Accounts.Users[values.Get("username")]
		if !same(values.Get("password"), user.Password) || !known {
			refuse(w, http.StatusBadRequest, "invalid_grant", "unknown user or wrong password")
			return
		}
		g.subject, g.user = user.subject(values.Get("username")), true
	case "":
		refuse(w, http.StatusBadRequest, "invalid_request", "grant_type is missing")
		return
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "there are "+grantClient+" and "+grantPassword)
		return
	}
	if audience := values.Get("audience"); audience != "" {
		g.audience = audience
	}
	p.answer(w, g, values.Get("scope"))
}

// answer writes the token response (RFC 6749 section 5.1) for the scopes asked for.
func (p *Provider) answer(w http.ResponseWriter, g grant, asked string) {
	scopes, ok := g.granted(asked)
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid_scope", "given are: "+strings.Join(g.scopes, " "))
		return
	}
	g.scopes = scopes
	now := time.Now()
	token, err := p.accessToken(g, now)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "the token cannot be signed")
		return
	}
	response := map[string]any{
		"access_token": token,
		"token_type":   "Bearer",
		"expires_in":   int(g.ttl.Seconds()),
		"scope":        strings.Join(scopes, " "),
	}
	if g.user && slices.Contains(scopes, scopeOpenID) {
		id, err := p.idToken(g, now)
		if err != nil {
			refuse(w, http.StatusInternalServerError, "server_error", "the token cannot be signed")
			return
		}
		response["id_token"] = id
	}
	writeJSON(w, http.StatusOK, response)
}

// authenticate returns the client that sent r: by HTTP Basic or in the body (RFC 6749 section
// 2.3.1), never both.
func (p *Provider) authenticate(r *http.Request, values form.Values) (string, Client, bool) {
	name, secret := values.Get("client_id"), values.Get("client_secret")
	if user, password, basic := r.BasicAuth(); basic {
		id, err1 := url.QueryUnescape(user)
		decoded, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil || secret != "" || (name != "" && name != id) {
			return "", Client{}, false
		}
		name, secret = id, decoded
	} else if r.Header.Get("Authorization") != "" {
		return "", Client{}, false
	}
	client, known := p.config.Accounts.Clients[name]
	return name, client, same(secret, client.Secret) && known
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
