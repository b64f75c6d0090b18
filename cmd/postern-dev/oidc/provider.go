package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// maxTTL bounds a token that /dev/token hands out, unless TokenTTL is longer still.
const maxTTL = time.Hour

// MaxTTL returns how long a token can live where tokens live ttl by default. A key must be
// kept as long.
func MaxTTL(ttl time.Duration) time.Duration { return max(ttl, maxTTL) }

// A Config says what the provider is. Every field is required.
type Config struct {
	Issuer   string        // iss of every token
	Base     string        // the URL that the provider is reached by, without a slash at its end
	Audience string        // aud of an access token for which none was asked
	TokenTTL time.Duration // of every token for which none was asked
	Accounts Accounts
	Keys     *Keys
}

// A Provider answers HTTP requests. It is safe for concurrent use.
type Provider struct {
	config Config
	mux    *http.ServeMux
}

// New returns a provider.
func New(config Config) (*Provider, error) {
	switch {
	case config.Issuer == "" || config.Base == "" || config.Audience == "" || config.Keys == nil:
		return nil, errors.New("oidc: no issuer, base, audience or keys")
	case config.TokenTTL < time.Second:
		return nil, errors.New("oidc: tokens must live 1 s at least")
	}
	if err := config.Accounts.check(); err != nil {
		return nil, err
	}
	p := &Provider{config: config, mux: http.NewServeMux()}
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.serveDiscovery)
	p.mux.HandleFunc("GET /jwks", p.serveKeys)
	p.mux.HandleFunc("POST /token", p.serveToken)
	p.mux.HandleFunc("GET /dev/token", p.serveDevToken)
	return p, nil
}

// ServeHTTP serves discovery, /jwks, /token and /dev/token.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// serveDiscovery answers with the provider's metadata (OpenID Connect Discovery section 3). There
// is no authorization endpoint since nobody can log in.
func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                p.config.Issuer,
		"jwks_uri":                              p.config.Base + "/jwks",
		"token_endpoint":                        p.config.Base + "/token",
		"grant_types_supported":                 []string{grantClient, grantPassword},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{p.config.Keys.current().Algorithm()},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
	})
}

func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(p.config.Keys.set()) // the client may be gone
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// refuse answers with an error of RFC 6749 section 5.2.
func refuse(w http.ResponseWriter, code int, name, description string) {
	writeJSON(w, code, map[string]string{"error": name, "error_description": description})
}
