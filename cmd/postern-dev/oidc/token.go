package oidc

import (
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"time"
)

// scopeOpenID asks for an ID token.
const scopeOpenID = "openid"

// A subject is whom a token speaks for: a user, or a client itself.
type subject struct {
	id     string
	scopes []string
	roles  []string
	acr    string // "" for a client: nobody logged in
	amr    []string
	claims map[string]any
}

func (u User) subject(name string) subject {
	if u.Subject != "" {
		name = u.Subject
	}
	return subject{id: name, scopes: u.Scopes, roles: u.Roles, acr: u.ACR, amr: u.AMR, claims: u.Claims}
}

func (c Client) subject(name string) subject {
	return subject{id: name, scopes: c.Scopes, roles: c.Roles, claims: c.Claims}
}

// granted returns the scopes for what was asked, a list divided by spaces: all for nothing,
// and false when some of it may not be given.
func (s subject) granted(asked string) ([]string, bool) {
	if asked == "" {
		return s.scopes, true
	}
	scopes := strings.Fields(asked)
	for _, scope := range scopes {
		if scope != scopeOpenID && !slices.Contains(s.scopes, scope) {
			return nil, false
		}
	}
	return scopes, true
}

// A grant is what one token says.
type grant struct {
	subject
	client   string
	audience string
	user     bool // a person logged in
	ttl      time.Duration
	age      time.Duration // of the login
}

// times returns when the token was issued and when it expires. One whose ttl is not positive
// has had a whole life before.
func (p *Provider) times(g grant, now time.Time) (issued, expires time.Time) {
	if g.ttl > 0 {
		return now, now.Add(g.ttl)
	}
	return now.Add(g.ttl - p.config.TokenTTL), now.Add(g.ttl)
}

// claims returns what access and ID tokens share.
func (p *Provider) claims(g grant, now time.Time) map[string]any {
	issued, expires := p.times(g, now)
	claims := map[string]any{}
	maps.Copy(claims, g.subject.claims)
	maps.Copy(claims, map[string]any{
		"iss": p.config.Issuer,
		"sub": g.id,
		"jti": rand.Text(),
		"iat": issued.Unix(),
		"exp": expires.Unix(),
	})
	if len(g.roles) > 0 {
		claims["realm_access"] = map[string]any{"roles": g.roles}
	}
	if !g.user {
		return claims
	}
	claims["auth_time"] = issued.Add(-g.age).Unix()
	if g.acr != "" {
		claims["acr"] = g.acr
	}
	if len(g.amr) > 0 {
		claims["amr"] = g.amr
	}
	return claims
}

// accessToken returns an access token by RFC 9068 section 2.
func (p *Provider) accessToken(g grant, now time.Time) (string, error) {
	claims := p.claims(g, now)
	claims["aud"] = g.audience
	claims["client_id"] = g.client
	if len(g.scopes) > 0 {
		claims["scope"] = strings.Join(g.scopes, " ")
	}
	key := p.config.Keys.current()
	return key.Sign(key.Header("at+jwt"), claims)
}

// idToken returns an ID token by OpenID Connect Core section 2.
func (p *Provider) idToken(g grant, now time.Time) (string, error) {
	claims := p.claims(g, now)
	claims["aud"] = g.client
	key := p.config.Keys.current()
	return key.Sign(key.Header("JWT"), claims)
}
