// Package reason is the closed set of reasons for a decision.
//
// A reason is what the record says, what the metric is labelled with and the code that the
// client sees in the body of a refusal, so its name is an interface: it is never changed and
// never reused. The package sits below every other so that the verifier that finds a fault
// and the policy that weighs it speak of the same one.
package reason

import "net/http"

// Code is one reason. The zero Code is Internal, which refuses: a forgotten reason is a deny.
type Code uint8

// The reasons. The order within a class has no meaning.
const (
	Internal Code = iota // a fault of Postern's own, a recovered panic among them

	// Granted.
	Allowed // a rule allowed it

	// The request is not canonical: two parsers could read it in two ways.
	BadRequest // the CheckRequest itself: unparsable, empty, or a field that contradicts another
	BadMethod
	BadPath
	BadHost
	BadHeader   // a header that is ambiguous: two where one may be, joined with a comma, or XFCC of another certificate
	BadUpgrade  // more than one protocol, or CONNECT
	BadEncoding // the request was changed on its way to us: :path differs from the path

	// The caller's certificate.
	CertificateMissing   // Envoy names a principal but delivers no certificate
	CertificateMalformed // not one PEM certificate in the form that Envoy writes
	CertificateExpired
	CertificateNotYetValid
	CertificateNotSVID   // against the X.509-SVID specification: URI SANs, key usage, CA, ...
	CertificateUntrusted // no chain to the bundle of its own trust domain
	TrustDomainUnknown   // no bundle for its trust domain
	BundleStale          // the bundle is older than allowed, or was never had
	CallerAsserted       // Envoy's word, where its word is not taken
	WrongDestination     // Envoy speaks for another workload than the one protected here

	// The user's credential.
	CredentialMissing
	CredentialDuplicate // more than one where exactly one may be
	TokenMalformed
	TokenTooLarge
	TokenHeader    // a header parameter that is refused: crit, jku, jwk, ...
	TokenType      // typ, or a token made for another use: ID, refresh, logout
	TokenAlgorithm // not in the issuer's list, or not the key's
	TokenKeyUnknown
	TokenSignature
	TokenIssuer
	TokenAudience
	TokenClaims // a required claim is missing, mistyped or out of range
	TokenExpired
	TokenNotYetValid
	TokenLifetime // lives longer than the provider allows
	TokenBinding  // bound to a key (cnf) that nothing here checks, or that does not match
	KeysUnavailable
	KeysPending // the key is unknown and a fetch is under way

	// The policy.
	NoPolicy         // no policy protects this workload
	NoRoute          // no route has this path, host and method
	DeniedByRule     // a deny matched
	CallerNotGranted // no allow names this caller
	NotGranted       // the caller is named, but no allow holds
	StepUp           // only acr, amr or the age of the login stand between

	// The service.
	NotReady
	Overloaded
	Deadline
	RecordUnavailable // --record-required, and the record cannot be kept

	count // the number of codes, for tables
)

// Count is the number of codes, for arrays that are indexed by Code.
const Count = int(count)

// info is one row of the table that says what a reason means to a client.
type info struct {
	name   string
	status int
}

// table has a row for every code; a test holds that.
var table = [Count]info{
	Internal: {"internal", http.StatusServiceUnavailable},

	Allowed: {"allowed", http.StatusOK},

	BadRequest:  {"bad_request", http.StatusBadRequest},
	BadMethod:   {"bad_method", http.StatusBadRequest},
	BadPath:     {"bad_path", http.StatusBadRequest},
	BadHost:     {"bad_host", http.StatusBadRequest},
	BadHeader:   {"bad_header", http.StatusBadRequest},
	BadUpgrade:  {"bad_upgrade", http.StatusBadRequest},
	BadEncoding: {"bad_encoding", http.StatusBadRequest},

	CertificateMissing:     {"certificate_missing", http.StatusForbidden},
	CertificateMalformed:   {"certificate_malformed", http.StatusForbidden},
	CertificateExpired:     {"certificate_expired", http.StatusForbidden},
	CertificateNotYetValid: {"certificate_not_yet_valid", http.StatusForbidden},
	CertificateNotSVID:     {"certificate_not_svid", http.StatusForbidden},
	CertificateUntrusted:   {"certificate_untrusted", http.StatusForbidden},
	TrustDomainUnknown:     {"trust_domain_unknown", http.StatusForbidden},
	BundleStale:            {"bundle_stale", http.StatusServiceUnavailable},
	CallerAsserted:         {"caller_asserted", http.StatusForbidden},
	WrongDestination:       {"wrong_destination", http.StatusForbidden},

	CredentialMissing:   {"credential_missing", http.StatusUnauthorized},
	CredentialDuplicate: {"credential_duplicate", http.StatusUnauthorized},
	TokenMalformed:      {"token_malformed", http.StatusUnauthorized},
	TokenTooLarge:       {"token_too_large", http.StatusUnauthorized},
	TokenHeader:         {"token_header", http.StatusUnauthorized},
	TokenType:           {"token_type", http.StatusUnauthorized},
	TokenAlgorithm:      {"token_algorithm", http.StatusUnauthorized},
	TokenKeyUnknown:     {"token_key_unknown", http.StatusUnauthorized},
	TokenSignature:      {"token_signature", http.StatusUnauthorized},
	TokenIssuer:         {"token_issuer", http.StatusUnauthorized},
	TokenAudience:       {"token_audience", http.StatusUnauthorized},
	TokenClaims:         {"token_claims", http.StatusUnauthorized},
	TokenExpired:        {"token_expired", http.StatusUnauthorized},
	TokenNotYetValid:    {"token_not_yet_valid", http.StatusUnauthorized},
	TokenLifetime:       {"token_lifetime", http.StatusUnauthorized},
	TokenBinding:        {"token_binding", http.StatusUnauthorized},
	KeysUnavailable:     {"keys_unavailable", http.StatusServiceUnavailable},
	KeysPending:         {"keys_pending", http.StatusServiceUnavailable},

	NoPolicy:         {"no_policy", http.StatusForbidden},
	NoRoute:          {"no_route", http.StatusForbidden},
	DeniedByRule:     {"denied_by_rule", http.StatusForbidden},
	CallerNotGranted: {"caller_not_granted", http.StatusForbidden},
	NotGranted:       {"not_granted", http.StatusForbidden},
	StepUp:           {"step_up_required", http.StatusUnauthorized},

	NotReady:          {"not_ready", http.StatusServiceUnavailable},
	Overloaded:        {"overloaded", http.StatusServiceUnavailable},
	Deadline:          {"deadline", http.StatusServiceUnavailable},
	RecordUnavailable: {"record_unavailable", http.StatusServiceUnavailable},
}

// String returns the name that records, metrics and clients see.
func (c Code) String() string { return c.row().name }

// Status returns the HTTP status of a refusal for this reason. Only Allowed has 200.
func (c Code) Status() int { return c.row().status }

// Unavailable says that the answer could not be known: trying again may help.
func (c Code) Unavailable() bool { return c.Status() == http.StatusServiceUnavailable }

func (c Code) row() info {
	if int(c) >= Count {
		return table[Internal]
	}
	return table[c]
}
