package claims

import (
	"fmt"

	"github.com/postern/postern/identity"
)

var errActors = fmt.Errorf("is one of more than %d actors", identity.MaxActors)

// actors returns who acts for the user, the current one first: RFC 8693 section 4.1. A claim that
// is there and does not say who is an error, as an act that nobody reads would turn a delegation
// into the user's own doing.
func (f *Fields) actors() []identity.Actor {
	var list []identity.Actor
	at := Fields{claims: f.claims}
	for {
		v, ok := at.claims["act"]
		if !ok || f.err != nil {
			return list
		}
		at.below = append(at.below, "act")
		object, isObject := v.(map[string]any)
		switch {
		case !isObject:
			at.fail(nil, errObject)
		case len(list) == identity.MaxActors:
			at.fail(nil, errActors)
		default:
			at.claims = object
			list = append(list, identity.Actor{
				Subject: at.Text(Required, "sub"), Issuer: at.Text(Optional, "iss"), Client: at.Text(Optional, "client_id"),
			})
		}
		f.err = at.err
	}
}
