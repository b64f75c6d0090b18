package syntax

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern/postern/policy/syntax/tree"
)

// year bounds durations that somebody chose; a longer one is a slip.
const year = 365 * 24 * time.Hour

var userShape = &shape{
	what:    "user",
	fields:  []string{"provider", "subjects", "clients", "audiences", "scopes", "roles", "acr", "amr", "maxAge"},
	refused: map[string]string{"bound": notYet},
}

func (r *reader) user(n *tree.Node) *User {
	if n == nil {
		return nil
	}
	o := r.object(n, userShape)
	u := &User{
		Position:  r.position(n),
		Providers: r.providers(o.need("provider")),
		Subjects:  r.match(o.get("subjects"), single, nil),
		Clients:   r.match(o.get("clients"), single, nil),
		Audiences: r.match(o.get("audiences"), several, nil),
		Scopes:    r.match(o.get("scopes"), several, checkScope),
		Roles:     r.match(o.get("roles"), several, nil),
		ACR:       r.match(o.get("acr"), single, checkACR),
		AMR:       r.match(o.get("amr"), several, nil),
	}
	if age := o.get("maxAge"); age != nil {
		u.MaxAge = &MaxAge{r.position(age), r.duration(age, span{time.Second, year}, 0)}
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
