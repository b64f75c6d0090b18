package logout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/reason"
)

// The bounds of a logout token.
const (
	maxLifetime = 10 * time.Minute // exp - iat
	maxList     = 32               // audiences
)

// What events holds (section 2.4).
const (
	event = "http://schemas.openid.net/event/backchannel-logout"
	// offline is Keycloak's, when the client's "Backchannel logout revoke offline sessions" is on.
	offline = "revoke_offline_access"
)

// A Logout is what a verified logout token says.
type Logout struct {
	Providers []string      // the IdentityProviders that it was verified for; never none
	Subject   string        // "" when the token has none: then there is a Session
	Session   string        // "" when the token has none: then there is a Subject
	ID        string        // jti
	IssuedAt  time.Time     // in whole seconds
	Expires   time.Time     // exp
	Lasting   time.Duration // how long a token of these providers that was issued before now can still be valid

	issuer string
	until  time.Time // from then on the token is refused for its age
}

// ErrNeedsSession is the cause of the refusal of a good logout token without sid, where users are
// called by another claim than sub (claims.subject): an entry for its sub would cut off nobody, or
// somebody else.
var ErrNeedsSession = errors.New("no sid, and users are called by another claim than sub: have the provider put sid into its logout tokens")

// A Verifier checks the logout tokens that one provider makes for one client. It is immutable and
// safe for concurrent use. The zero Verifier refuses every token.
type Verifier struct {
	name, client string
	issuer       identity.JWTIssuer
	lasting      time.Duration // of an access token that exists
	sidOnly      bool          // sub is not what users are called by
}

// NewVerifier returns the Verifier of p for a client. It fails when p is no provider of JWTs of an
// issuer, or the client has no id.
func NewVerifier(p identity.Provider, client string) (*Verifier, error) {
	switch {
	case p.JWT == nil || p.JWT.Issuer == "":
		return nil, fmt.Errorf("%s has no issuer that could send logouts", p.Name)
	case p.Name == "" || client == "" || len(p.JWT.Algorithms) == 0 || p.JWT.MaxLifetime <= 0 || p.JWT.Skew < 0:
		return nil, errors.New("no name, no client, no algorithm or no bound on lifetimes")
	}
	return &Verifier{name: p.Name, client: client, issuer: *p.JWT, lasting: p.Terms().Lasting(), sidOnly: p.Claims.MapsSubject()}, nil
}

// Addresses says whether a token claims to come from this provider and to be for this client. Nothing
// is proven by it.
func (v *Verifier) Addresses(token *jose.Token) bool {
	iss, _ := token.Unverified("iss")
	aud, _ := token.Unverified("aud")
	return iss == v.issuer.Issuer && v.issuer.Issuer != "" && isFor(aud, v.client)
}

// isFor says whether aud, which is one text or a list of them, contains the client.
func isFor(aud any, client string) bool {
	audiences := claims.Audiences(aud)
	return len(audiences) <= maxList && slices.Contains(audiences, client)
}

// Verify returns what a token says at the time at. It never waits. The error is a *reason.Error and
// holds no part of the token: TokenKeyUnknown when none of the keys has its kid, KeysUnavailable when
// keys is nil.
func (v *Verifier) Verify(token *jose.Token, keys *jose.KeySet, at time.Time) (Logout, error) {
	switch {
	case !slices.Contains(v.issuer.Algorithms, token.Algorithm()):
		return Logout{}, reason.Errorf(reason.TokenAlgorithm, "alg is not one that %s allows", v.name)
	case !isLogoutType(token.Type()):
		return Logout{}, reason.Errorf(reason.TokenType, "the header's typ is not logout+jwt")
	case !v.Addresses(token):
		return Logout{}, reason.Errorf(reason.TokenAudience, "iss is not %s's, or aud not its client", v.name)
	case keys == nil:
		return Logout{}, reason.Errorf(reason.KeysUnavailable, "no keys of %s are to be had", v.name)
	}
	key, ok := keys.For(token)
	if !ok {
		return Logout{}, reason.Errorf(reason.TokenKeyUnknown, "not one key of %s is meant by kid", v.name)
	}
	set, err := token.Verify(key)
	if err != nil {
		return Logout{}, err
	}
	return v.read(set, at)
}

// isLogoutType compares as RFC 7515 section 4.1.9 says.
func isLogoutType(typ string) bool {
	typ = strings.ToLower(typ)
	return typ == "logout+jwt" || typ == "application/logout+jwt"
}

// read takes the claims of a token whose signature is good.
func (v *Verifier) read(set map[string]any, at time.Time) (Logout, error) {
	l := Logout{Providers: []string{v.name}, Lasting: v.lasting, issuer: v.issuer.Issuer}
	f := claims.Of(set)
	l.ID = f.Text(claims.Required, "jti")
	l.Subject = f.Text(claims.Optional, "sub")
	l.Session = f.Text(claims.Optional, "sid")
	l.IssuedAt = f.Time(claims.Required, "iat")
	l.Expires = f.Time(claims.Required, "exp")
	notBefore := f.TimeUp(claims.Optional, "nbf")
	switch {
	case f.Err() != nil:
		return Logout{}, f.Err()
	case l.Subject+l.Session == "":
		return Logout{}, reason.Errorf(reason.TokenClaims, "neither sub nor sid: nobody is logged out")
	}
	times := claims.Times{IssuedAt: l.IssuedAt, Expires: l.Expires, NotBefore: notBefore}
	limits := claims.Limits{Of: "a logout", Skew: v.issuer.Skew, MaxLifetime: maxLifetime}
	if err := errors.Join(times.Check(at, limits), checkKind(set)); err != nil {
		return Logout{}, err
	}
	if v.sidOnly && l.Session == "" {
		return Logout{}, reason.Errorf(reason.TokenClaims, "%s: %w", v.name, ErrNeedsSession)
	}
	l.until = l.Expires.Add(v.issuer.Skew)
	return l, nil
}

// checkKind refuses what is no logout token, whatever its header says.
func checkKind(set map[string]any) error {
	if _, ok := set["nonce"]; ok {
		return reason.Errorf(reason.TokenType, "nonce: an ID token (section 2.4)")
	}
	if typ, ok := set["typ"]; ok { // Keycloak's kind of token
		if s, ok := typ.(string); !ok || !strings.EqualFold(s, "logout") {
			return reason.Errorf(reason.TokenType, "typ names another kind of token")
		}
	}
	events, ok := set["events"].(map[string]any)
	if !ok {
		return reason.Errorf(reason.TokenType, "events is not an object")
	}
	for name := range events {
		if name != event && name != offline {
			return reason.Errorf(reason.TokenType, "events has another member than that of a logout: a security event")
		}
	}
	if _, ok := events[event].(map[string]any); !ok {
		return reason.Errorf(reason.TokenType, "events has no object %s", event)
	}
	return nil
}
