package identity

import (
	"slices"
	"time"
)

// Terms are what holds for the users of a provider and their credentials, whatever its kind: all that
// tools have to know that test, explain and lint policies. What a kind does not say is zero.
type Terms struct {
	Issuer      string        // User.Issuer
	TrustDomain string        // whose members the subjects are; their credentials are bound to nothing, and iss says nothing
	Audiences   []string      // at least one of them is in User.Audiences
	Skew        time.Duration // tolerance on times
	MaxLifetime time.Duration // of one credential at most
}

// Lasting returns how long a credential that exists now can still be taken at most: what is cut off for
// so long is cut off for good. Its clock may be ahead by the tolerance, and ours behind by it.
func (t Terms) Lasting() time.Duration {
	if t.MaxLifetime == 0 {
		return 0
	}
	return t.MaxLifetime + 2*t.Skew
}

// Terms returns those of p.
func (p Provider) Terms() Terms {
	switch {
	case p.JWT != nil:
		return Terms{Issuer: p.JWT.Issuer, Audiences: p.JWT.Audiences, Skew: p.JWT.Skew, MaxLifetime: p.JWT.MaxLifetime}
	case p.JWTSVID != nil:
		return p.JWTSVID.terms()
	}
	return Terms{}
}

func (j *JWTSVIDs) terms() Terms {
	return Terms{
		Issuer: "spiffe://" + j.TrustDomain, TrustDomain: j.TrustDomain,
		Audiences: j.Audiences, Skew: j.Skew, MaxLifetime: j.MaxLifetime,
	}
}

// SameSource says whether the credentials of two providers come from the same issuer or trust domain,
// so that only their audiences tell them apart.
func (p Provider) SameSource(other Provider) bool {
	issuer := p.Terms().Issuer
	return issuer != "" && issuer == other.Terms().Issuer
}

// Alike says whether one credential can be for two providers, which then cannot be read on one route:
// they look at the same place for credentials from the same source, and take the same audience.
func (p Provider) Alike(other Provider) bool {
	theirs := other.Terms().Audiences
	return p.From == other.From && p.SameSource(other) &&
		slices.ContainsFunc(p.Terms().Audiences, func(aud string) bool { return slices.Contains(theirs, aud) })
}
