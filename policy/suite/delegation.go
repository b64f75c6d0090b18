package suite

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// thumbprint is the member of cnf that binds a token to a certificate (RFC 8705 section 3.1).
const thumbprint = "x5t#S256"

// binding returns to what a token is bound by its field and the claim cnf. Callers of tests have
// no certificates, so that whatever a token is bound to is taken for the caller's.
func (t *token) binding(field string) identity.Binding {
	path := []string{"cnf"}
	claim, there := t.claims["cnf"]
	if !there && field != identity.BoundMTLS.String() {
		return identity.BoundNot
	}
	if !there {
		t.set(path, map[string]any{thumbprint: base64.RawURLEncoding.EncodeToString(make([]byte, sha256.Size))})
		return identity.BoundMTLS
	}
	cnf, _ := claim.(map[string]any)
	text, ok := cnf[thumbprint].(string)
	if sum, err := base64.RawURLEncoding.Strict().DecodeString(text); !ok || len(cnf) != 1 || err != nil || len(sum) != sha256.Size {
		t.fail(path, "is not {%s: …} with the SHA-256 of a certificate and nothing else: the provider would refuse the token", thumbprint)
	}
	return identity.BoundMTLS
}

// actors returns who acts for the user, by the field and the claim act (RFC 8693 section 4.1).
func (t *token) actors(field *syntax.TestActors) []identity.Actor {
	var want []identity.Actor
	if field != nil {
		for _, a := range field.Actors {
			want = append(want, identity.Actor{Subject: a.Subject.Value, Issuer: a.Issuer.Value, Client: a.Client.Value})
		}
	}
	path := []string{"act"}
	claim, there := t.claims["act"]
	if !there {
		if len(want) > 0 {
			t.set(path, actOf(want))
		}
		return want
	}
	have, err := readAct(claim)
	switch {
	case err != nil:
		t.fail(path, "%v: the provider would refuse the token", err)
	case field != nil && !slices.Equal(want, have):
		t.fail(path, "has other actors than the user's field")
	}
	return have
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

// readAct reads the claim as the provider does.
func readAct(claim any) ([]identity.Actor, error) {
	var all []identity.Actor
	for there := true; there; {
		act, ok := claim.(map[string]any)
		switch {
		case !ok:
			return nil, fmt.Errorf("is no object at level %d", len(all)+1)
		case len(all) == identity.MaxActors:
			return nil, fmt.Errorf("has more than %d actors", identity.MaxActors)
		}
		var a identity.Actor
		for _, member := range []struct {
			name string
			to   *string
		}{{"sub", &a.Subject}, {"iss", &a.Issuer}, {"client_id", &a.Client}} {
			value, there := act[member.name]
			text, isText := value.(string)
			if there && !isText || isText && (text == "" || len(text) > identity.MaxText) || !there && member.name == "sub" {
				return nil, fmt.Errorf("has no %s that could be one at level %d", member.name, len(all)+1)
			}
			*member.to = text
		}
		all = append(all, a)
		claim, there = act["act"]
	}
	return all, nil
}
