package syntax

import (
	"errors"
	"fmt"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

var providerKinds = grammar.Choice{Fields: []string{"jwt"}, Need: grammar.Required}

var identityProviderShape = shapeOf(grammar.Object{
	What: "the spec of an IdentityProvider",
	Says: "One source of users: how their credentials are verified, where they are found, and what their claims mean.",
	Fields: []grammar.Field{
		{Name: "jwt", Value: mapping(jwtShape), Says: "Verifies JSON Web Tokens of one issuer, or JWT-SVIDs of one trust domain."},
		{Name: "from", Value: mapping(fromShape), Says: "Where the credential is found. Left out: the header `authorization` with the scheme `Bearer`."},
		{Name: "claims", Value: mapping(claimsShape), Says: "Which claims say who the user is, and what was granted."},
	},
	Choices: []grammar.Choice{providerKinds},
}).refuses(map[string]string{"introspection": notYet, "apiKeys": notYet, "signature": notYet})

var headerOrCookie = grammar.Choice{Fields: []string{"header", "cookie"}, Need: grammar.Required}

var fromShape = shapeOf(grammar.Object{
	What: "from",
	Says: "Where a credential is found: in one header or in one cookie.",
	Fields: []grammar.Field{
		{Name: "header", Value: scalar(headerText), Says: "Its name in lower case."},
		{Name: "scheme", With: []string{"header"}, Value: scalar(tokenText), Says: "What stands before the credential in the header. Left out: `Bearer` in `authorization`, nothing in another."},
		{Name: "cookie", Value: scalar(tokenText), Says: "Its name, as it is."},
	},
	Choices: []grammar.Choice{headerOrCookie},
})

var claimsShape = shapeOf(grammar.Object{
	What: "claims",
	Says: "Where a token says what. A string is the name of a claim, a list is a path to one: `[realm_access, roles]`.",
	Fields: []grammar.Field{
		{Name: "subject", Default: defaultSubject, Value: claimValue, Says: "Who the user is."},
		{Name: "client", Value: claimValue, Says: "Which program the token was given to. Left out: `client_id`, else `azp`."},
		{Name: "scopes", Default: defaultScopes, Value: claimValue, Says: "What was granted: a string with spaces between scopes, or a list of strings."},
		{Name: "roles", Value: claimValue, Says: "What the user is: the same forms. Left out: none."},
	},
})

// claimValue is what path reads.
var claimValue = grammar.Value{Scalar: anyText, List: &grammar.List{Of: scalar(anyText), Least: 1, Most: maxPath}}

// The claims of RFC 7519 section 4.1.2 and RFC 8693 section 4.2.
const (
	defaultSubject = "sub"
	defaultScopes  = "scope"
)

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
	r.jwt(o.get(o.choose(providerKinds)), d)
	r.checkSVIDSubject(o.get("claims"), d.IdentityProvider)
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
	if o.choose(headerOrCookie) == "cookie" {
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
		m.Subject = []string{defaultSubject}
	}
	if m.Scopes == nil {
		m.Scopes = []string{defaultScopes}
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
