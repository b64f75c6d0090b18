package identity

import "time"

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
	Claims    map[string]any // every claim; numbers are json.Number
}

// IsZero says that there is no user.
func (u *User) IsZero() bool { return u == nil || u.Provider == "" }
