package jwtsvid

import (
	"time"

	"github.com/postern/postern/identity/jose"
)

// InspectUnverified says for what a token would be refused at the time at, if its signature were
// good: nil, or an error as of Verify and Verified.For. IT PROVES NOTHING, since it looks at no key,
// which is why it returns no user. It is for tools that explain a decision, never for what takes one.
func (v *Verifier) InspectUnverified(token *jose.Token, at time.Time) error {
	if err := v.admit(token); err != nil {
		return err
	}
	_, err := v.reader.ReadForOwner(token.UnverifiedClaims(), token.KeyID(), at)
	return err
}
