package identity

import (
	"slices"
	"time"
)

// A Provider is the configuration of one source of users: an IdentityProvider document,
// checked, with every default filled in. Exactly one of its kinds is set.
type Provider struct {
	Name   string   // metadata.name
	Digest [32]byte // of the document, comments and layout included
	From   Place    // where its credential is found
	Claims ClaimMap // how claims map to a User

	JWT     *JWTIssuer
	JWTSVID *JWTSVIDs
}

// A Place is where a request carries a credential: a header with a scheme, or a cookie.
type Place struct {
	Header string // lower case; "" when Cookie is set
	Scheme string // compared without regard to case (RFC 9110 section 11.1); "" for the bare value
	Cookie string // the cookie's name, exact
}

// A ClaimMap says which claims a User's fields come from. Each is a path of member names.
type ClaimMap struct {
	Subject []string
	Client  []string // nil: client_id, then azp
	Scopes  []string // a space-separated string (RFC 8693 section 4.2) or an array of strings
	Roles   []string // the same two forms; nil: no roles
}

// MapsSubject says that users are called by another claim than sub. Then a sub by itself, as in a
// logout token, does not say who is meant.
func (m ClaimMap) MapsSubject() bool {
	return m.Subject != nil && !slices.Equal(m.Subject, []string{"sub"})
}

// A Use says what a provider's tokens are for.
type Use uint8

// The uses of a token. The zero Use accepts nothing.
const (
	UseAccess Use = iota + 1 // access tokens (RFC 9068 and its older shapes)
	UseID                    // OpenID Connect ID tokens, for issuers whose only JWT that is
)

// A JWTIssuer is the configuration of one issuer of JSON Web Tokens.
type JWTIssuer struct {
	Issuer      string        // compared exactly with iss
	Audiences   []string      // at least one of them must be in aud
	Algorithms  []string      // of Algorithms()
	Use         Use           // access by default
	Types       []string      // allowed typ, lower case, without "application/"; "" allows absence
	Skew        time.Duration // tolerance on exp, nbf, iat; 30 s by default
	MaxLifetime time.Duration // exp - iat at most; 24 h by default
	MaxSize     int           // bytes of the compact serialisation; 8 KiB by default
	Keys        KeySource
}

// Algorithms returns the JWS algorithms that a token can be signed with (RFC 7518 section 3.1,
// RFC 8037 section 3.1): those with public keys alone, and never none.
func Algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// A KeySource says where an issuer's keys come from: exactly one of URL, File, Discovery. File and
// CAFile are absolute paths below Root, another absolute path, and no link leads them out of it.
type KeySource struct {
	URL       string        // an https URL of a JWK set
	File      string        // a JWK set, watched
	Discovery bool          // the jwks_uri of the issuer's discovery document
	CAFile    string        // PEM certificates that alone are trusted for URL and Discovery; "" the system's
	Root      string        // the directory of File or CAFile; "" without them
	Refresh   time.Duration // how often it is fetched; 5 min by default
	MaxStale  time.Duration // how long the last good set serves when it cannot be fetched; 24 h by default
}
