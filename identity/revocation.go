package identity

import "time"

// A Revocation is a Revocation document, checked: what is cut off now.
type Revocation struct {
	Name    string   // metadata.name
	Digest  [32]byte // of the document, comments and layout included
	Entries []RevocationEntry
}

// A RevocationEntry cuts off one kind of thing until a time. Either Providers is set, and with it
// at most one of Subjects, TokenIDs, SessionIDs and KeyIDs: tokens of any of these providers that
// have one of the values, or all of their tokens. Or Callers is set, or TrustDomain with Serials.
type RevocationEntry struct {
	At    string    // where it stands: incident.yaml:7:5
	Name  string    // "" when it has none
	Until time.Time // from then on it does nothing

	Providers    []string
	Subjects     []string
	TokenIDs     []string  // RFC 7519 jti
	SessionIDs   []string  // OpenID Connect sid
	KeyIDs       []string  // kid of the key that verified the token
	IssuedBefore time.Time // of all tokens, or those of Subjects, only the ones issued before; zero: all of them

	Callers []string // SPIFFE ID patterns

	TrustDomain string   // of the caller's proven SPIFFE ID
	Serials     []string // of the caller's own certificate: lower-case hexadecimal, no leading zero
}
