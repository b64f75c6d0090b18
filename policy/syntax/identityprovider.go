package syntax

import (
	"errors"
	"fmt"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/tree"
)

var identityProviderShape = &shape{
	what:    "the spec of an IdentityProvider",
	fields:  []string{"jwt", "from", "claims"},
	refused: map[string]string{"introspection": notYet, "apiKeys": notYet, "signature": notYet},
}

var fromShape = &shape{what: "from", fields: []string{"header", "scheme", "cookie"}}

var claimsShape = &shape{what: "claims", fields: []string{"subject", "client", "scopes", "roles"}}

// maxPath is how many member names lead to a claim at most.
const maxPath = 8

// authorization is the one header that always has a scheme (RFC 9110 section 11.6.2).
const authorization = "authorization"

func (r *reader) identityProvider(n *tree.Node, d *Document) {
	o := r.object(n, identityProviderShape)
	if o.node == nil {
		return
	}
	d.IdentityProvider = &identity.Provider{
		Name:   d.Name,
		From:   r.from(o.get("from")),
		Claims: r.claims(o.get("claims")),
	}
	if o.otherKind() {
		return
	}
	d.IdentityProvider.JWT = r.jwt(o.need("jwt"), d)
}

// otherKind says that a kind of a later version is named, which is reported.
func (o object) otherKind() bool {
	for kind := range o.shape.refused {
		if o.get(kind) != nil {
			return true
		}
	}
	return false
}

// from reads where a credential is found: in a header, or in a cookie.
func (r *reader) from(n *tree.Node) identity.Place {
	if n == nil {
		return identity.Place{Header: authorization, Scheme: "Bearer"}
	}
	o := r.object(n, fromShape)
	scheme := o.get("scheme")
	if o.one("header", "cookie") == "cookie" {
		if scheme != nil {
			r.fail(scheme, "a scheme belongs to a header, not to a cookie")
		}
		return identity.Place{Cookie: r.text(o.get("cookie"), checkCookie).Value}
	}
	p := identity.Place{
		Header: r.text(o.get("header"), checkPlace).Value,
		Scheme: r.text(scheme, checkScheme).Value,
	}
	if p.Header == authorization && scheme == nil {
		p.Scheme = "Bearer"
	}
	return p
}

func checkPlace(name string) error {
	if name == "cookie" {
		return errors.New("a cookie is written {cookie: NAME}")
	}
	return checkHeaderName(name)
}

func checkScheme(s string) error {
	if !identity.IsToken(s) {
		return fmt.Errorf("%s is no authentication scheme", quote(s))
	}
	return nil
}

func checkCookie(s string) error {
	if !identity.IsToken(s) {
		return fmt.Errorf("%s is no name of a cookie", quote(s))
	}
	return nil
}

func (r *reader) claims(n *tree.Node) identity.ClaimMap {
	o := r.object(n, claimsShape)
	m := identity.ClaimMap{
		Subject: r.path(o.get("subject")),
		Client:  r.path(o.get("client")),
		Scopes:  r.path(o.get("scopes")),
		Roles:   r.path(o.get("roles")),
	}
	if m.Subject == nil {
		m.Subject = []string{"sub"}
	}
	if m.Scopes == nil {
		m.Scopes = []string{"scope"}
	}
	return m
}

// path reads the name of a claim, or a list of names that lead to it.
func (r *reader) path(n *tree.Node) []string {
	if n == nil {
		return nil
	}
	if n.Kind != tree.List {
		if name := r.text(n, nil); name.Value != "" {
			return []string{name.Value}
		}
		return nil
	}
	var path []string
	for i := range n.Items {
		path = append(path, r.text(&n.Items[i], nil).Value)
	}
	if len(path) == 0 || len(path) > maxPath {
		r.fail(n, "a path to a claim has 1 to %d names", maxPath)
	}
	return path
}
