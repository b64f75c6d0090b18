package claims

import (
	"errors"
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// A Reader reads the claim sets of one provider's tokens. It is immutable and safe for concurrent
// use. The zero Reader refuses every claim set.
type Reader struct {
	issuer    string
	audiences []string
	use       identity.Use
	svid      bool // they are JWT-SVIDs
	limits    Limits
	claims    identity.ClaimMap
}

// New returns the Reader of p. One without audiences refuses every claim set.
func New(p identity.Provider) *Reader {
	terms := p.Terms()
	r := &Reader{
		issuer: terms.Issuer, audiences: terms.Audiences, svid: p.JWTSVID != nil, claims: p.Claims,
		limits: Limits{Of: p.Name, Skew: terms.Skew, MaxLifetime: terms.MaxLifetime},
	}
	if p.JWT != nil {
		r.use = p.JWT.Use
	}
	return r
}

// Addresses says whether iss is that of the provider's issuer, compared exactly: nil, or why not, as
// a *reason.Error. Of a JWT-SVID iss says nothing.
func (r *Reader) Addresses(iss any) error {
	_, ok := iss.(string)
	switch {
	case r.IsFrom(iss):
		return nil
	case !ok:
		return reason.Errorf(reason.TokenClaims, "iss is not a string")
	}
	return reason.Errorf(reason.TokenIssuer, "iss is not the issuer of %s", r.limits.Of)
}

// IsFrom is Addresses for who does not ask why not, and so of any number of Readers.
func (r *Reader) IsFrom(iss any) bool {
	s, ok := iss.(string)
	return r.svid || ok && s == r.issuer && s != ""
}

// AddressedTo says whether aud has one of the provider's audiences.
func (r *Reader) AddressedTo(aud any) bool { return meet(Audiences(aud), r.audiences) }

// Audiences returns the audiences in aud, one text or an array of at least one (RFC 7519 section
// 4.1.3); nil when it is neither.
func Audiences(aud any) []string {
	list, err := oneOrMore(aud)
	if err != nil {
		return nil
	}
	return list
}

// Read checks the claims of a token that the key keyID has proven, but for iss, the time and the caller.
// The claim set is the User's from then on: it must not be modified.
func (r *Reader) Read(set map[string]any, keyID string) (Verified, error) {
	bound, print, err := r.kind(set)
	if err != nil {
		return Verified{}, err
	}
	f := Fields{claims: set}
	u := &identity.User{Provider: r.limits.Of, Issuer: r.issuer, KeyID: keyID, Bound: bound, Claims: set}
	u.Audiences = f.audiences()
	if f.err == nil && !meet(u.Audiences, r.audiences) {
		return Verified{}, reason.Errorf(reason.TokenAudience, "aud has none of the audiences of %s", r.limits.Of)
	}
	u.Expires = f.Time(Required, "exp")
	u.IssuedAt = f.Time(Required, "iat")
	notBefore := f.TimeUp(Optional, "nbf")
	u.AuthTime = f.Time(Optional, "auth_time")
	r.fill(u, &f)
	if f.err != nil {
		return Verified{}, f.err
	}
	return Verified{limits: &r.limits, user: u, notBefore: notBefore, bound: print}, nil
}

// kind says whether the claims are those of a token of the provider's kind, and to what it is bound.
func (r *Reader) kind(set map[string]any) (identity.Binding, thumbprint, error) {
	if r.svid {
		if _, there := set["cnf"]; there {
			return 0, thumbprint{}, reason.Errorf(reason.TokenBinding, "cnf: a JWT-SVID is bound to nothing, and nothing here checks that this one is")
		}
		return identity.BoundNot, thumbprint{}, nil
	}
	bound, print, err := binding(set)
	if err != nil {
		return 0, thumbprint{}, err
	}
	return bound, print, checkUse(set, r.use)
}

// fill reads the claims that say who the user is and what is granted.
func (r *Reader) fill(u *identity.User, f *Fields) {
	u.Subject = f.Text(Required, "sub")
	if r.claims.Subject != nil {
		u.Subject = f.Text(Required, r.claims.Subject...)
	}
	if r.claims.Client != nil {
		u.Client = f.Text(Optional, r.claims.Client...)
	} else if u.Client = f.Text(Optional, "client_id"); u.Client == "" {
		u.Client = f.Text(Optional, "azp")
	}
	u.Scopes = f.words(r.claims.Scopes)
	if slices.ContainsFunc(u.Scopes, func(s string) bool { return !isScope(s) }) {
		f.fail(r.claims.Scopes, errors.New("has what is no scope (RFC 6749 section 3.3)"))
	}
	u.Roles = f.words(r.claims.Roles)
	u.ACR = f.Text(Optional, "acr")
	u.AMR = f.list("amr")
	u.TokenID = f.Text(Optional, "jti")
	u.Session = f.Text(Optional, "sid")
	u.Actors = f.actors()
}
