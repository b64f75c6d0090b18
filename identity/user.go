package identity

import "time"

// The bounds of what is said of a User. A credential that says more is refused.
const (
	MaxText   = 2048 // bytes of a Subject, a Client and each other single text: as long as a SPIFFE ID
	MaxActors = 4    // who act for one user, one for the other
)

// A User is the person or client that a verified credential speaks for. The zero User is no
// user. A User is never modified once it is made: caches share it.
type User struct {
	Provider  string         // metadata.name of the IdentityProvider that proved it
	Issuer    string         // the credential's issuer (RFC 7519 iss), where it has one
	Subject   string         // RFC 7519 sub
	Client    string         // RFC 8693 client_id, or OpenID Connect azp where that is absent
	Audiences []string       // RFC 7519 aud
	Scopes    []string       // by the provider's claims mapping
	Roles     []string       // by the provider's claims mapping
	ACR       string         // OpenID Connect acr; "" when the credential has none
	AMR       []string       // RFC 8176
	AuthTime  time.Time      // OpenID Connect auth_time; zero when the credential has none
	IssuedAt  time.Time      // RFC 7519 iat
	Expires   time.Time      // RFC 7519 exp; the credential is void from then on
	TokenID   string         // RFC 7519 jti
	Session   string         // OpenID Connect sid
	KeyID     string         // kid of the key that verified it
	Bound     Binding        // to what the credential is bound, which was checked
	Actors    []Actor        // who acts for the user, the current one first (RFC 8693 section 4.1); at most MaxActors
	Claims    map[string]any // every claim; numbers are json.Number
}

// IsZero says that there is no user.
func (u *User) IsZero() bool { return u == nil || u.Provider == "" }

// A Binding is what a credential is bound to, so that nobody else can use it. The zero Binding is
// nothing: whoever has the credential can use it.
type Binding uint8

// The bindings.
const (
	BoundNot  Binding = iota
	BoundMTLS         // to the caller's own certificate (RFC 8705 section 3)
)

// String returns the word that policies have for it; "" for none.
func (b Binding) String() string {
	if b == BoundMTLS {
		return "mtls"
	}
	return ""
}

// An Actor is one who acts for a user: an act claim (RFC 8693 section 4.1). Its Subject is not
// empty. Only the first of several decides in rules; the others say by whom it went, and any can be cut off.
type Actor struct {
	Subject string
	Issuer  string // "" when the claim does not say
	Client  string // "" when the claim does not say
}
