package syntax

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// year bounds durations that somebody chose; a longer one is a slip.
const year = 365 * 24 * time.Hour

var userShape = shapeOf(grammar.Object{
	What: "user",
	Says: "What a verified credential must have: all of this.",
	Fields: []grammar.Field{
		{Name: "provider", Need: grammar.Required, Value: providerValue, Says: "The IdentityProvider that verified it, or a list of which any may have."},
		{Name: "subjects", Value: subjects.value(), Says: "Who it is: one value, or `{any: […]}`."},
		{Name: "clients", Value: clients.value(), Says: "Which program it was given to: one value, or `{any: […]}`."},
		{Name: "audiences", Value: audiences.value(), Says: "Whom it is for: one value, `{any: […]}` or `{all: […]}`."},
		{Name: "scopes", Value: scopes.value(), Says: "What it was granted: one value, `{any: […]}` or `{all: […]}`."},
		{Name: "roles", Value: roles.value(), Says: "What the user is: one value, `{any: […]}` or `{all: […]}`."},
		{Name: "acr", Value: acr.value(), Says: "How the user logged in (`acr`): one value, or `{any: […]}`."},
		{Name: "amr", Value: amr.value(), Says: "By which means the user logged in (`amr`): one value, `{any: […]}` or `{all: […]}`."},
		{Name: "maxAge", Value: scalar(durationScalar), Says: "How long ago the login was at most (`auth_time`), as in `5m`."},
		{Name: "bound", Value: scalar(boundText), Says: "What the credential is bound to, so that nobody else can use it: `mtls`, the certificate of the caller (`cnf`, RFC 8705)."},
	},
}).refuses(map[string]string{"actors": actorsInWhen, "actor": actorsInWhen, "act": actorsInWhen})

const actorsInWhen = "is no field of user: who acts for the user is asked by the rule, beside user: when: user.actors[0].subject == \"…\""

// providerValue is what providers reads.
var providerValue = grammar.Value{Scalar: subdomainText, List: listOf(subdomainText).List}

func (r *reader) user(n *tree.Node) *User {
	if n == nil {
		return nil
	}
	o := r.object(n, userShape)
	u := &User{
		Position:  r.position(n),
		Providers: r.providers(o.get("provider")),
		Subjects:  r.match(o.get("subjects"), subjects),
		Clients:   r.match(o.get("clients"), clients),
		Audiences: r.match(o.get("audiences"), audiences),
		Scopes:    r.match(o.get("scopes"), scopes),
		Roles:     r.match(o.get("roles"), roles),
		ACR:       r.match(o.get("acr"), acr),
		AMR:       r.match(o.get("amr"), amr),
	}
	if age := o.get("maxAge"); age != nil {
		u.MaxAge = &MaxAge{r.position(age), r.duration(age, span{time.Second, year}, 0)}
	}
	if bound := o.get("bound"); bound != nil {
		r.bound(bound)
		u.Bound = &Bound{r.position(bound), identity.BoundMTLS}
	}
	return u
}

// providers reads a name, or a list of names of which any may be.
func (r *reader) providers(n *tree.Node) []Text {
	if n != nil && n.Kind != tree.List {
		if name := r.text(n, checkSubdomain); name.Value != "" {
			return []Text{name}
		}
		return nil
	}
	return r.texts(n, checkSubdomain)
}

// bound reads what a credential is bound to. Who writes anything but a word means that it is.
func (r *reader) bound(n *tree.Node) Text {
	if n != nil && n.Kind != tree.Nothing && (n.Kind != tree.Scalar || !n.Quoted && tree.TypeOf(n.Text) != tree.String) {
		r.fail(n, "expected what the credential is bound to, found %s: write %s, for the certificate of the caller", found(n), identity.BoundMTLS)
		return Text{}
	}
	return r.text(n, checkBound)
}

// checkBound takes what there is to be bound to.
func checkBound(s string) error {
	if s != identity.BoundMTLS.String() {
		return fmt.Errorf("nothing can be bound to %s: write %s, for the certificate of the caller", quote(s), identity.BoundMTLS)
	}
	return nil
}

// checkScope takes one scope (RFC 6749 section 3.3).
func checkScope(s string) error {
	if strings.Contains(s, " ") {
		return fmt.Errorf("a scope has no spaces: write {all: [%s]} for all of these", strings.Join(strings.Fields(shorten(s)), ", "))
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return fmt.Errorf("%s is no scope: printable ASCII without spaces, quotes and backslashes", quote(s))
		}
	}
	return nil
}

// checkACR takes one value: a challenge names several with spaces between them (RFC 9470
// section 3).
func checkACR(s string) error {
	if strings.ContainsAny(s, " \"\\") {
		return errors.New("an acr value has no spaces, quotes and backslashes: write {any: […]} for several")
	}
	return nil
}
