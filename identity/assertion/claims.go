package assertion

import (
	"time"

	"github.com/postern/postern/identity"
)

// Claims are what one assertion says.
type Claims struct {
	Issuer   string // the SPIFFE ID of the protected workload
	Audience string
	ID       string // of the request
	Caller   identity.Caller
	User     *identity.User // nil: none
	Method   string
	Host     string
	Path     string // as it was sent, without the query
}

// payload returns the JSON of the claims.
func (c *Claims) payload(now time.Time) ([]byte, error) {
	w := writer{json: make([]byte, 0, 1024)}
	w.open("")
	w.text("iss", c.Issuer)
	w.text("sub", c.subject())
	w.text("aud", c.Audience)
	w.number("iat", now.Unix())
	w.number("exp", now.Add(Lifetime).Unix())
	w.text("jti", c.ID)
	w.text("caller", c.Caller.String())
	if c.Caller.Asserted() {
		w.yes("caller_asserted")
	}
	if !c.User.IsZero() {
		w.user(c.User)
	}
	w.open("request")
	w.text("method", c.Method)
	w.text("host", c.Host)
	w.text("path", c.Path)
	w.close('}')
	w.close('}')
	return w.json, w.err
}

// subject returns for whom the request is made: a person before the workload that acts for them.
func (c *Claims) subject() string {
	if !c.User.IsZero() {
		return c.User.Subject
	}
	return c.Caller.String()
}

func (w *writer) user(u *identity.User) {
	w.open("user")
	w.text("provider", u.Provider)
	w.text("issuer", u.Issuer)
	w.text("subject", u.Subject)
	w.text("client", u.Client)
	w.texts("scopes", u.Scopes)
	w.texts("roles", u.Roles)
	w.text("acr", u.ACR)
	if len(u.Actors) > 0 {
		w.list("actors")
		for _, a := range u.Actors {
			w.open("")
			w.text("subject", a.Subject)
			w.text("issuer", a.Issuer)
			w.text("client", a.Client)
			w.close('}')
		}
		w.close(']')
	}
	w.close('}')
}
