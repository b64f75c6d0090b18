package jwt

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
)

// VerifyRaw verifies a token as a request carries it, at a time and from a caller.
func (v *Verifier) VerifyRaw(raw string, at time.Time, caller identity.Caller) (*identity.User, error) {
	token, err := jose.Parse(raw, v.MaxSize())
	if err != nil {
		return nil, err
	}
	return v.VerifyToken(token, at, caller)
}

// VerifyToken is both steps at once.
func (v *Verifier) VerifyToken(token *jose.Token, at time.Time, caller identity.Caller) (*identity.User, error) {
	verified, err := v.Verify(token)
	if err != nil {
		return nil, err
	}
	return verified.For(at, caller)
}
