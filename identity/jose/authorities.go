package jose

// A purpose is what keys of a set are for, as their use says it.
type purpose struct {
	use      string
	required bool // a key without a use is for something else
	kid      bool // a key without a kid is none
}

// For issuers a use is optional (RFC 7517 section 4.2). The Workload API's bundles hold nothing but
// JWT authorities, and agents leave the use out or write it; a SPIFFE bundle has X.509 authorities
// too, and each key has a use (SPIFFE Trust Domain and Bundle, sections 4.2.2 and 4.2.3).
var (
	forTokens   = purpose{use: "sig"}
	forJWTSVIDs = purpose{use: useJWTSVID, kid: true}
	ofBundle    = purpose{use: useJWTSVID, required: true, kid: true}
)

const (
	useJWTSVID  = "jwt-svid"
	useX509SVID = "x509-svid"
)

// ParseJWTBundle is ParseKeySet for the JWT bundle of one trust domain as the Workload API hands it
// out: the keys that verify JWT-SVIDs. Their use is "jwt-svid" or left out, and each has a kid.
func ParseJWTBundle(text []byte) (*KeySet, error) { return parseKeySet(text, forJWTSVIDs) }

// ParseSPIFFEBundle is ParseKeySet for the keys of a SPIFFE bundle that verify JWT-SVIDs: those
// whose use is "jwt-svid". Its X.509 authorities are not looked at.
func ParseSPIFFEBundle(text []byte) (*KeySet, error) { return parseKeySet(text, ofBundle) }

// isFor says why a key is not for a purpose, or "".
func (p purpose) isFor(text map[string]string) string {
	use, ok := text["use"]
	switch {
	case ok && use != p.use:
		return "its use is not " + p.use
	case !ok && p.required:
		return "it has no use"
	case p.kid && text["kid"] == "":
		return "it has no kid"
	}
	return ""
}

// elsewhere says that a key is no business of this set's: an X.509 authority among the keys of a
// SPIFFE bundle, which whoever verifies certificates reads. A private one is everybody's business.
func (p purpose) elsewhere(members map[string]any) bool {
	return p.required && members["use"] == useX509SVID && !isPrivate(members)
}
