package claims

import (
	"time"

	"github.com/postern/postern/identity/reason"
)

// Times are those of a token. Only IssuedAt and Expires have to be there.
type Times struct {
	IssuedAt, Expires   time.Time // iat, exp
	NotBefore, AuthTime time.Time // nbf, auth_time; zero when there is none
}

// Limits bound the Times of tokens.
type Limits struct {
	Of          string        // whose they are, for errors
	Skew        time.Duration // how far clocks may be apart
	MaxLifetime time.Duration // exp - iat at most
}

// Check says whether a token is good at the time at: RFC 7519 sections 4.1.4 to 4.1.6. The error is
// TokenExpired, TokenNotYetValid, TokenLifetime or TokenClaims.
func (t Times) Check(at time.Time, by Limits) error {
	late, early := at.Add(-by.Skew), at.Add(by.Skew)
	switch lifetime := t.Expires.Sub(t.IssuedAt); {
	case lifetime <= 0 || !t.NotBefore.IsZero() && !t.NotBefore.Before(t.Expires):
		return reason.Errorf(reason.TokenClaims, "exp is not after iat and nbf")
	case !late.Before(t.Expires):
		return reason.Errorf(reason.TokenExpired, "exp was %v ago", at.Sub(t.Expires).Round(time.Second))
	case t.NotBefore.After(early):
		return reason.Errorf(reason.TokenNotYetValid, "nbf is in %v", t.NotBefore.Sub(at).Round(time.Second))
	case t.IssuedAt.After(early):
		return reason.Errorf(reason.TokenNotYetValid, "iat is in %v", t.IssuedAt.Sub(at).Round(time.Second))
	case t.AuthTime.After(early):
		return reason.Errorf(reason.TokenClaims, "auth_time is in the future")
	case lifetime > by.MaxLifetime:
		return reason.Errorf(reason.TokenLifetime, "it lives for %v, and %s allows %v", lifetime, by.Of, by.MaxLifetime)
	}
	return nil
}
