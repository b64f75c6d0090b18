package jwtsvid

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

// A Verifier checks the JWT-SVIDs of one trust domain against one bundle. It is immutable and safe
// for concurrent use. The zero Verifier refuses every token.
type Verifier struct {
	provider identity.Provider
	reader   *claims.Reader
	domain   spiffeid.TrustDomain
	prefix   string // of the SPIFFE IDs of its members
	bundle   Bundle // the zero Bundle: there is none
}

// New returns the Verifier of p, which has no bundle yet. It fails when p is not a provider of
// JWT-SVIDs or lacks what makes verification safe.
func New(p identity.Provider) (*Verifier, error) {
	if p.JWTSVID == nil {
		return nil, errors.New("not a provider of JWT-SVIDs")
	}
	c := p.JWTSVID
	domain, err := svid.ParseTrustDomain(c.TrustDomain)
	switch {
	case err != nil:
		return nil, err
	case p.Name == "":
		return nil, errors.New("no name")
	case len(c.Audiences) == 0 || slices.Contains(c.Audiences, ""):
		return nil, errors.New("no audience, or an empty one")
	case len(c.Algorithms) == 0:
		return nil, errors.New("no algorithm")
	case c.Skew < 0 || c.MaxLifetime <= 0 || c.MaxSize <= 0:
		return nil, errors.New("a negative skew, or no bound on lifetime or size")
	case p.Claims.Subject != nil && !slices.Equal(p.Claims.Subject, []string{"sub"}):
		return nil, errors.New("the subject of a JWT-SVID is sub")
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(identity.JWTSVIDAlgorithms(), a) {
			return nil, fmt.Errorf("algorithm %q is none of JWT-SVIDs", a)
		}
	}
	return &Verifier{provider: p, reader: claims.New(p), domain: domain, prefix: domain.IDString() + "/"}, nil
}

// With returns a Verifier that differs in its bundle alone: the one that its trust domain has in a
// set, or none.
func (v *Verifier) With(bundles *Bundles) *Verifier {
	w := *v
	w.bundle, _ = bundles.Of(v.domain)
	return &w
}

// MaxSize returns how many bytes a token may have.
func (v *Verifier) MaxSize() int {
	if v.provider.JWTSVID == nil {
		return 0
	}
	return v.provider.JWTSVID.MaxSize
}

// TrustDomain returns the trust domain whose members it knows.
func (v *Verifier) TrustDomain() spiffeid.TrustDomain { return v.domain }

// Verify proves a token by the bundle as it is at the time at. Whether the token itself is good then,
// Verified.For says. It never waits. The error is a *reason.Error, with the reasons of the package
// comment, and holds no part of the token.
func (v *Verifier) Verify(token *jose.Token, at time.Time) (claims.Verified, error) {
	if err := v.admit(token); err != nil {
		return claims.Verified{}, err
	}
	if err := v.Fresh(at); err != nil {
		return claims.Verified{}, err
	}
	key, ok := v.bundle.keys.Find(token.KeyID())
	if !ok {
		return claims.Verified{}, reason.Errorf(reason.TokenKeyUnknown, "no JWT authority of %s has this kid", v.domain)
	}
	set, err := token.Verify(key) // which says whether it is one for alg
	if err != nil {
		return claims.Verified{}, err
	}
	return v.reader.Read(set, key.ID())
}

// Fresh says whether there is a bundle that may be used at the time at: nil, or a *reason.Error with
// KeysUnavailable. Who keeps what Verify returned has to ask at each use.
func (v *Verifier) Fresh(at time.Time) error {
	switch {
	case v.bundle.keys == nil:
		return reason.Errorf(reason.KeysUnavailable, "the trust domain %s has no JWT bundle", v.domain)
	case v.bundle.StaleAt(at):
		return reason.Errorf(reason.KeysUnavailable, "the JWT bundle of %s is stale: its source is gone for too long", v.domain)
	}
	return nil
}

// addresses says whether a token claims to speak for a member of the trust domain: nil, or why not,
// as a *reason.Error. Nothing is proven by it.
func (v *Verifier) addresses(token *jose.Token) error {
	sub, _ := token.Unverified("sub")
	text, ok := sub.(string)
	switch {
	case v.IsFrom(token):
		return nil
	case !ok:
		return reason.Errorf(reason.TokenClaims, "sub is not a string")
	}
	if _, err := svid.ParseID(text); err != nil { // which may quote the token
		return reason.Errorf(reason.TokenClaims, "sub is not the SPIFFE ID of a workload")
	}
	return reason.Errorf(reason.TokenIssuer, "sub is not a member of the trust domain of %s", v.provider.Name)
}

// IsFrom says whether a token claims to speak for a member of the trust domain. Nothing is
// proven by it.
func (v *Verifier) IsFrom(token *jose.Token) bool {
	sub, _ := token.Unverified("sub")
	text, _ := sub.(string)
	if !strings.HasPrefix(text, v.prefix) { // which costs less than to parse it
		return false
	}
	id, err := svid.ParseID(text)
	return err == nil && !v.domain.IsZero() && id.TrustDomain() == v.domain
}

// AddressedTo says whether a token claims to be for one of this provider's audiences. Nothing is
// proven by it.
func (v *Verifier) AddressedTo(token *jose.Token) bool {
	aud, _ := token.Unverified("aud")
	return v.reader.AddressedTo(aud)
}

// admit makes every check that needs no key.
func (v *Verifier) admit(token *jose.Token) error {
	switch name := v.provider.Name; {
	case token.Size() > v.MaxSize():
		return reason.Errorf(reason.TokenTooLarge, "%d bytes, and %s allows %d", token.Size(), name, v.MaxSize())
	case !slices.Contains(v.provider.JWTSVID.Algorithms, token.Algorithm()):
		return reason.Errorf(reason.TokenAlgorithm, "alg is not one that %s allows", name)
	case !slices.Contains([]string{"", "JWT", "JOSE"}, token.Type()):
		return reason.Errorf(reason.TokenType, "the header's typ is neither JWT nor JOSE (JWT-SVID section 2.3)")
	case token.KeyID() == "":
		return reason.Errorf(reason.TokenKeyUnknown, "no kid, which a JWT-SVID has (section 2.2)")
	}
	return v.addresses(token)
}
