package jwt

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A Verified is a token whose signature, kind and claims are proven. Whether it is good at a time,
// and from whom, only For says: so a Verified can be kept, and is never modified. The zero
// Verified is good for nobody.
type Verified struct {
	verifier  *Verifier
	user      *identity.User
	notBefore time.Time // zero: no nbf
	bound     [sha256.Size]byte
}

// For returns the user whom the token speaks for at the time at, when caller presents it. The
// error is a *reason.Error: TokenBinding, TokenExpired, TokenNotYetValid, TokenLifetime or
// TokenClaims.
func (t Verified) For(at time.Time, caller identity.Caller) (*identity.User, error) {
	if t.verifier == nil {
		return nil, reason.Errorf(reason.Internal, "nothing was verified")
	}
	if t.user.Bound == identity.BoundMTLS {
		if err := checkBinding(t.bound, caller); err != nil {
			return nil, err
		}
	}
	if err := t.verifier.checkTimes(t.user, t.notBefore, at); err != nil {
		return nil, err
	}
	return t.user, nil
}

// read checks the claims of a token whose signature is proven, but for the time and the caller.
func (v *Verifier) read(claims map[string]any, keyID string) (Verified, error) {
	bound, print, err := binding(claims)
	if err != nil {
		return Verified{}, err
	}
	if err := checkUse(claims, v.issuer.Use); err != nil {
		return Verified{}, err
	}
	r := reader{claims: claims}
	u := &identity.User{Provider: v.name, Issuer: v.issuer.Issuer, KeyID: keyID, Bound: bound, Claims: claims}
	u.Audiences = r.audiences()
	if r.err == nil && !meet(u.Audiences, v.issuer.Audiences) {
		return Verified{}, reason.Errorf(reason.TokenAudience, "aud has none of the audiences of %s", v.name)
	}
	u.Expires = r.time("exp", required)
	u.IssuedAt = r.time("iat", required)
	notBefore := r.timeUp("nbf")
	u.AuthTime = r.time("auth_time", optional)
	v.fill(u, &r)
	if r.err != nil {
		return Verified{}, r.err
	}
	return Verified{verifier: v, user: u, notBefore: notBefore, bound: print}, nil
}

// fill reads the claims that say who the user is and what is granted.
func (v *Verifier) fill(u *identity.User, r *reader) {
	u.Subject = r.text(required, "sub")
	if v.claims.Subject != nil {
		u.Subject = r.text(required, v.claims.Subject...)
	}
	if v.claims.Client != nil {
		u.Client = r.text(optional, v.claims.Client...)
	} else if u.Client = r.text(optional, "client_id"); u.Client == "" {
		u.Client = r.text(optional, "azp")
	}
	u.Scopes = r.words(v.claims.Scopes)
	if slices.ContainsFunc(u.Scopes, func(s string) bool { return !isScope(s) }) {
		r.fail(v.claims.Scopes, errors.New("has what is no scope (RFC 6749 section 3.3)"))
	}
	u.Roles = r.words(v.claims.Roles)
	u.ACR = r.text(optional, "acr")
	u.AMR = r.list("amr")
	u.TokenID = r.text(optional, "jti")
	u.Session = r.text(optional, "sid")
	u.Actors = r.actors()
}

// checkTimes says whether the token is good at the time at: RFC 7519 sections 4.1.4 to 4.1.6.
// notBefore is zero when there is no nbf.
func (v *Verifier) checkTimes(u *identity.User, notBefore, at time.Time) error {
	late, early := at.Add(-v.issuer.Skew), at.Add(v.issuer.Skew)
	switch lifetime := u.Expires.Sub(u.IssuedAt); {
	case lifetime <= 0 || !notBefore.IsZero() && !notBefore.Before(u.Expires):
		return reason.Errorf(reason.TokenClaims, "exp is not after iat and nbf")
	case !late.Before(u.Expires):
		return reason.Errorf(reason.TokenExpired, "exp was %v ago", at.Sub(u.Expires).Round(time.Second))
	case notBefore.After(early):
		return reason.Errorf(reason.TokenNotYetValid, "nbf is in %v", notBefore.Sub(at).Round(time.Second))
	case u.IssuedAt.After(early):
		return reason.Errorf(reason.TokenNotYetValid, "iat is in %v", u.IssuedAt.Sub(at).Round(time.Second))
	case u.AuthTime.After(early):
		return reason.Errorf(reason.TokenClaims, "auth_time is in the future")
	case lifetime > v.issuer.MaxLifetime:
		return reason.Errorf(reason.TokenLifetime, "it lives for %v, and %s allows %v", lifetime, v.name, v.issuer.MaxLifetime)
	}
	return nil
}
