package suite

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// bind puts a cnf claim by the user's field (RFC 8705 section 3.1). Callers of tests have no certificates,
// so that whatever a token is bound to is taken for the caller's.
func (t *token) bind(field string) {
	if field == identity.BoundMTLS.String() {
		t.put([]string{"cnf"}, map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(make([]byte, sha256.Size))})
	}
}

// act puts an act claim by the user's field (RFC 8693 section 4.1).
func (t *token) act(field *syntax.TestActors) {
	if all := actorsOf(field); len(all) > 0 {
		t.put([]string{"act"}, actOf(all))
	}
}

func actorsOf(field *syntax.TestActors) []identity.Actor {
	if field == nil {
		return nil
	}
	var all []identity.Actor
	for _, a := range field.Actors {
		all = append(all, identity.Actor{Subject: a.Subject.Value, Issuer: a.Issuer.Value, Client: a.Client.Value})
	}
	return all
}

// actOf writes the claim: the current actor stands outermost.
func actOf(all []identity.Actor) map[string]any {
	act := map[string]any{"sub": all[0].Subject}
	for name, value := range map[string]string{"iss": all[0].Issuer, "client_id": all[0].Client} {
		if value != "" {
			act[name] = value
		}
	}
	if len(all) > 1 {
		act["act"] = actOf(all[1:])
	}
	return act
}
