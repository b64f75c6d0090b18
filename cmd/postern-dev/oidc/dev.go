package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/postern/postern/cmd/postern-dev/form"
)

// maxAge bounds how long ago a login was.
const maxAge = 365 * 24 * time.Hour

// serveDevToken hands out a token without asking for a password. The answer is the bare token,
// for a curl line. Parameters, all but one of user and client with a default:
//
//	user    whom it speaks for
//	client  whom it was issued to; without user, whom it speaks for
//	aud     the audience
//	scope   scopes, divided by spaces: all of the user's by default
//	ttl     how long it lives, 5m; -1m for one that expired a minute ago
//	acr     how well the user logged in, in place of what the user has
//	age     how long ago the user logged in, 1h
//	use     access, the default, or id
func (p *Provider) serveDevToken(w http.ResponseWriter, r *http.Request) {
	values, err := form.Query(r, "user", "client", "aud", "scope", "ttl", "acr", "age", "use")
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	g, err := p.devGrant(values)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	sign := p.accessToken
	if values.Get("use") == "id" {
		sign = p.idToken
	}
	token, err := sign(g, time.Now())
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", "the token cannot be signed")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=us-ascii")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(token)) // the client may be gone
}

func (p *Provider) devGrant(values form.Values) (grant, error) {
	g := grant{audience: values.Get("aud")}
	if g.audience == "" {
		g.audience = p.config.Audience
	}
	if err := p.devSubject(&g, values); err != nil {
		return grant{}, err
	}
	scopes, ok := g.granted(values.Get("scope"))
	if !ok {
		return grant{}, fmt.Errorf("scope: %s may have %q", g.id, g.scopes)
	}
	g.scopes = scopes
	if use := values.Get("use"); use != "" && use != "access" && use != "id" {
		return grant{}, errors.New("use: access or id")
	}
	longest := MaxTTL(p.config.TokenTTL)
	var err error
	if g.ttl, err = values.Duration("ttl", p.config.TokenTTL, -longest, longest); err != nil {
		return grant{}, err
	}
	if g.age, err = values.Duration("age", 0, 0, maxAge); err != nil {
		return grant{}, err
	}
	return g, nil
}

// devSubject fills in whom the token speaks for and whom it was issued to.
func (p *Provider) devSubject(g *grant, values form.Values) error {
	g.client = values.Get("client")
	client, known := p.config.Accounts.Clients[g.client]
	if g.client != "" && !known {
		return fmt.Errorf("client: nobody is %q", g.client)
	}
	name := values.Get("user")
	switch user, known := p.config.Accounts.Users[name]; {
	case name == "" && g.client == "":
		return errors.New("say for whom: user=alice or client=shop-batch")
	case name == "" && (values.Get("acr") != "" || values.Get("age") != ""):
		return errors.New("acr, age: a client does not log in")
	case name == "":
		g.subject = client.subject(g.client)
		return nil
	case !known:
		return fmt.Errorf("user: nobody is %q", name)
	default:
		g.subject, g.user = user.subject(name), true
	}
	if g.client == "" {
		g.client = p.config.Accounts.publicClient()
	}
	if acr := values.Get("acr"); acr != "" {
		g.acr = acr
	}
	return nil
}
