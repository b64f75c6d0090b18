package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/reason"
)

// application is the part of a media type that a typ may leave out: RFC 7515 section 4.1.9.
const application = "application/"

// A Verifier checks the tokens of one issuer against one set of keys. It is immutable and
// safe for concurrent use. The zero Verifier refuses every token.
type Verifier struct {
	name   string
	issuer identity.JWTIssuer
	reader *claims.Reader
	keys   *jose.KeySet
}

// New returns the Verifier of p, which has no keys yet. It fails when p is not a provider of
// JWTs or lacks what makes verification safe.
func New(p identity.Provider) (*Verifier, error) {
	if p.JWT == nil {
		return nil, errors.New("not a provider of JWTs")
	}
	c := *p.JWT
	switch {
	case p.Name == "":
		return nil, errors.New("no name")
	case c.Issuer == "":
		return nil, errors.New("no issuer")
	case len(c.Audiences) == 0 || slices.Contains(c.Audiences, ""):
		return nil, errors.New("no audience, or an empty one")
	case len(c.Algorithms) == 0:
		return nil, errors.New("no algorithm")
	case len(c.Types) == 0:
		return nil, errors.New("no typ is allowed, and no absence of it")
	case c.Use != identity.UseAccess && c.Use != identity.UseID:
		return nil, errors.New("no use")
	case c.Skew < 0 || c.MaxLifetime <= 0 || c.MaxSize <= 0:
		return nil, errors.New("a negative skew, or no bound on lifetime or size")
	}
	for _, t := range c.Types {
		if t != strings.ToLower(t) || strings.HasPrefix(t, application) {
			return nil, fmt.Errorf("typ %q is not in lower case without %q", t, application)
		}
	}
	for _, a := range c.Algorithms {
		if !jose.IsAlgorithm(a) {
			return nil, fmt.Errorf("algorithm %q is not supported", a)
		}
	}
	return &Verifier{name: p.Name, issuer: c, reader: claims.New(p)}, nil
}

// WithKeys returns a Verifier that differs in its keys alone.
func (v *Verifier) WithKeys(keys *jose.KeySet) *Verifier {
	w := *v
	w.keys = keys
	return &w
}

// MaxSize returns how many bytes a token may have.
func (v *Verifier) MaxSize() int { return v.issuer.MaxSize }

// Verify proves a token but for the time and who presents it, which Verified.For asks about. It
// never waits. The error is a *reason.Error, with the reasons of the package comment, and holds no
// part of the token.
func (v *Verifier) Verify(token *jose.Token) (Verified, error) {
	if err := v.admit(token); err != nil {
		return Verified{}, err
	}
	key, err := v.key(token)
	if err != nil {
		return Verified{}, err
	}
	set, err := token.Verify(key)
	if err != nil {
		return Verified{}, err
	}
	return v.reader.Read(set, key.ID())
}

// addresses says whether a token claims to come from this issuer: nil, or why not, as a
// *reason.Error. Nothing is proven by it.
func (v *Verifier) addresses(token *jose.Token) error {
	iss, _ := token.Unverified("iss")
	return v.reader.Addresses(iss)
}

// IsFrom says whether a token claims to come from this issuer. Nothing is
// proven by it.
func (v *Verifier) IsFrom(token *jose.Token) bool {
	iss, _ := token.Unverified("iss")
	return v.reader.IsFrom(iss)
}

// AddressedTo says whether a token claims to be for one of this provider's audiences. Nothing
// is proven by it.
func (v *Verifier) AddressedTo(token *jose.Token) bool {
	aud, _ := token.Unverified("aud")
	return v.reader.AddressedTo(aud)
}

// admit makes every check that needs no key.
func (v *Verifier) admit(token *jose.Token) error {
	switch {
	case token.Size() > v.issuer.MaxSize:
		return reason.Errorf(reason.TokenTooLarge, "%d bytes, and %s allows %d", token.Size(), v.name, v.issuer.MaxSize)
	case !slices.Contains(v.issuer.Algorithms, token.Algorithm()):
		return reason.Errorf(reason.TokenAlgorithm, "alg is not one that %s allows", v.name)
	case !v.allowsType(token.Type()):
		return reason.Errorf(reason.TokenType, "the header's typ is not one that %s allows", v.name)
	}
	return v.addresses(token)
}

// allowsType compares as RFC 7515 section 4.1.9 says: a media type, without regard to case,
// whose "application/" may be left out.
func (v *Verifier) allowsType(typ string) bool {
	typ = strings.ToLower(typ)
	if short, ok := strings.CutPrefix(typ, application); ok && short != "" {
		typ = short
	}
	if typ == "at+jwt" && v.issuer.Use != identity.UseAccess {
		return false // RFC 9068 section 2.1: whatever the list says
	}
	return slices.Contains(v.issuer.Types, typ)
}

// key returns the one key that may have signed the token.
func (v *Verifier) key(token *jose.Token) (jose.Key, error) {
	if v.keys == nil {
		return jose.Key{}, reason.Errorf(reason.KeysUnavailable, "no keys of %s were ever had", v.name)
	}
	key, ok := v.keys.For(token)
	switch {
	case ok:
		return key, nil
	case token.KeyID() == "":
		return jose.Key{}, reason.Errorf(reason.TokenKeyUnknown, "no kid, and not exactly one key of %s fits alg", v.name)
	}
	return jose.Key{}, reason.Errorf(reason.TokenKeyUnknown, "no key of %s has this kid", v.name)
}
