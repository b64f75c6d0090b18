package jwt

import (
	"fmt"

	"github.com/postern/postern/identity"
)

// maxActors is how many act for a user at most, one for the other.
const maxActors = 4

var errActors = fmt.Errorf("is one of more than %d actors", maxActors)

// actors returns who acts for the user, the current one first: RFC 8693 section 4.1. A claim that
// is there and does not say who is an error, as an act that nobody reads would turn a delegation
// into the user's own doing.
func (r *reader) actors() []identity.Actor {
	var list []identity.Actor
	at := reader{claims: r.claims}
	for {
		v, ok := at.claims["act"]
		if !ok || r.err != nil {
			return list
		}
		at.below = append(at.below, "act")
		object, isObject := v.(map[string]any)
		switch {
		case !isObject:
			at.fail(nil, errObject)
		case len(list) == maxActors:
			at.fail(nil, errActors)
		default:
			at.claims = object
			list = append(list, identity.Actor{
				Subject: at.text(required, "sub"), Issuer: at.text(optional, "iss"), Client: at.text(optional, "client_id"),
			})
		}
		r.err = at.err
	}
}
