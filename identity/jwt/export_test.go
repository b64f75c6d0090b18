package jwt

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
)

// Verify is VerifyToken for a token as a request carries it.
func (v *Verifier) Verify(raw string, at time.Time, caller identity.Caller) (*identity.User, error) {
	token, err := jose.Parse(raw, v.MaxSize())
	if err != nil {
		return nil, err
	}
	return v.VerifyToken(token, at, caller)
}
