package jwt

import (
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// ReadSVID is Verifier.Verify for the claims of a JWT-SVID, which another has proven to be signed by
// a JWT authority of the trust domain of p, and whose sub to be one of its members. What it is not
// for is said by its authority, so nothing is asked of iss, and nothing of the claims by which
// issuers tell their tokens apart. No JWT-SVID is bound to a key: one with a cnf is refused.
func ReadSVID(p identity.Provider, claims map[string]any, keyID string) (Verified, error) {
	if _, bound := claims["cnf"]; bound {
		return Verified{}, reason.Errorf(reason.TokenBinding, "cnf: a JWT-SVID is bound to nothing, and nothing here checks that this one is")
	}
	v := &Verifier{name: p.Name, issuer: limitsOf(p), claims: p.Claims}
	r := reader{claims: claims}
	u := &identity.User{Provider: v.name, Issuer: v.issuer.Issuer, KeyID: keyID, Claims: claims}
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
	return Verified{verifier: v, user: u, notBefore: notBefore}, nil
}

// limitsOf returns what bounds the claims of a provider's JWT-SVIDs, as the issuer that its trust domain is.
func limitsOf(p identity.Provider) identity.JWTIssuer {
	terms := p.Terms()
	return identity.JWTIssuer{Issuer: terms.Issuer, Audiences: terms.Audiences, Skew: terms.Skew, MaxLifetime: terms.MaxLifetime}
}

// Audiences returns the audiences that a token claims to be for (RFC 7519 section 4.1.3); nil when
// they cannot be read. Nothing is proven by it.
func Audiences(aud any) []string {
	list, err := oneOrMore(aud)
	if err != nil {
		return nil
	}
	return list
}
