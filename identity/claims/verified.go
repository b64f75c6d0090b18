package claims

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A Verified is a token of which everything is proven but that it is good at a time, and from whom.
// Only For says so: so a Verified can be kept, and is never modified. The zero Verified is good for
// nobody.
type Verified struct {
	limits    *Limits
	user      *identity.User
	notBefore time.Time // zero: no nbf
	bound     thumbprint
}

// For returns the user whom the token speaks for at the time at, when caller presents it. The
// error is a *reason.Error: TokenBinding, TokenExpired, TokenNotYetValid, TokenLifetime or
// TokenClaims.
func (v Verified) For(at time.Time, caller identity.Caller) (*identity.User, error) {
	if v.user != nil && v.user.Bound == identity.BoundMTLS {
		if err := checkBinding(v.bound, caller); err != nil {
			return nil, err
		}
	}
	return v.ForOwner(at)
}

// ForOwner is For when the caller has the certificate to which the token may be bound. IT DOES NOT CHECK
// THAT ANYBODY HAS, so it is for tools that test or explain a decision, never for what takes one.
func (v Verified) ForOwner(at time.Time) (*identity.User, error) {
	if v.user == nil {
		return nil, reason.Errorf(reason.Internal, "nothing was verified")
	}
	times := Times{IssuedAt: v.user.IssuedAt, Expires: v.user.Expires, NotBefore: v.notBefore, AuthTime: v.user.AuthTime}
	if err := times.Check(at, *v.limits); err != nil {
		return nil, err
	}
	return v.user, nil
}

// ReadForOwner is Read and ForOwner in one. Nor does it check anything more than they do.
func (r *Reader) ReadForOwner(set map[string]any, keyID string, at time.Time) (*identity.User, error) {
	verified, err := r.Read(set, keyID)
	if err != nil {
		return nil, err
	}
	return verified.ForOwner(at)
}
