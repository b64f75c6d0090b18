// Package reason is the closed set of reasons for a decision.
//
// A reason is what the record says, what the metric is labelled with and the code that the
// client sees in the body of a refusal, so its name is an interface: it is never changed and
// never reused. The package sits below every other so that the verifier that finds a fault
// and the policy that weighs it speak of the same one.
package reason

// Code is one reason. The zero Code is Internal, which refuses: a forgotten reason is a deny.
type Code uint8

// The reasons. The order within a class has no meaning.
const (
	Internal Code = iota // a fault of Postern's own, a recovered panic among them

	// Granted.
	Allowed    // a rule allowed it
	Onboarding // nothing allowed it, and the workload is being onboarded

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
	CertificateRevoked   // a Revocation cuts the caller off, by its SPIFFE ID or its certificate
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
	TokenRevoked  // a Revocation cuts it off
	KeysUnavailable
	KeysPending // the key is unknown and a fetch is under way

	// The policy.
	NoPolicy     // no policy protects this workload
	NoRoute      // no route has this path, host and method
	DeniedByRule // a deny matched
	DeniedByGuardrail
	GuardrailNotMet  // an allow matched, but not what a guardrail requires
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

// The closed set of statuses (RFC 9110 section 15), written out here because net/http's names
// would bring an HTTP client and server into policy, which must not have them.
const (
	statusOK           = 200
	statusBadRequest   = 400
	statusUnauthorized = 401
	statusForbidden    = 403
	statusUnavailable  = 503
)

// info is one row of the table that says what a reason means to a client.
type info struct {
	name   string
	status int
}

// table has a row for every code; a test holds that.
var table = [Count]info{
	Internal: {"internal", statusUnavailable},

	Allowed:    {"allowed", statusOK},
	Onboarding: {"onboarding", statusOK},

	BadRequest:  {"bad_request", statusBadRequest},
	BadMethod:   {"bad_method", statusBadRequest},
	BadPath:     {"bad_path", statusBadRequest},
	BadHost:     {"bad_host", statusBadRequest},
	BadHeader:   {"bad_header", statusBadRequest},
	BadUpgrade:  {"bad_upgrade", statusBadRequest},
	BadEncoding: {"bad_encoding", statusBadRequest},

	CertificateMissing:     {"certificate_missing", statusForbidden},
	CertificateMalformed:   {"certificate_malformed", statusForbidden},
	CertificateExpired:     {"certificate_expired", statusForbidden},
	CertificateNotYetValid: {"certificate_not_yet_valid", statusForbidden},
	CertificateNotSVID:     {"certificate_not_svid", statusForbidden},
	CertificateUntrusted:   {"certificate_untrusted", statusForbidden},
	TrustDomainUnknown:     {"trust_domain_unknown", statusForbidden},
	BundleStale:            {"bundle_stale", statusUnavailable},
	CallerAsserted:         {"caller_asserted", statusForbidden},
	CertificateRevoked:     {"certificate_revoked", statusForbidden},
	WrongDestination:       {"wrong_destination", statusForbidden},

	CredentialMissing:   {"credential_missing", statusUnauthorized},
	CredentialDuplicate: {"credential_duplicate", statusUnauthorized},
	TokenMalformed:      {"token_malformed", statusUnauthorized},
	TokenTooLarge:       {"token_too_large", statusUnauthorized},
	TokenHeader:         {"token_header", statusUnauthorized},
	TokenType:           {"token_type", statusUnauthorized},
	TokenAlgorithm:      {"token_algorithm", statusUnauthorized},
	TokenKeyUnknown:     {"token_key_unknown", statusUnauthorized},
	TokenSignature:      {"token_signature", statusUnauthorized},
	TokenIssuer:         {"token_issuer", statusUnauthorized},
	TokenAudience:       {"token_audience", statusUnauthorized},
	TokenClaims:         {"token_claims", statusUnauthorized},
	TokenExpired:        {"token_expired", statusUnauthorized},
	TokenNotYetValid:    {"token_not_yet_valid", statusUnauthorized},
	TokenLifetime:       {"token_lifetime", statusUnauthorized},
	TokenBinding:        {"token_binding", statusUnauthorized},
	TokenRevoked:        {"token_revoked", statusUnauthorized},
	KeysUnavailable:     {"keys_unavailable", statusUnavailable},
	KeysPending:         {"keys_pending", statusUnavailable},

	NoPolicy:          {"no_policy", statusForbidden},
	NoRoute:           {"no_route", statusForbidden},
	DeniedByRule:      {"denied_by_rule", statusForbidden},
	DeniedByGuardrail: {"denied_by_guardrail", statusForbidden},
	GuardrailNotMet:   {"guardrail_not_met", statusForbidden},
	CallerNotGranted:  {"caller_not_granted", statusForbidden},
	NotGranted:        {"not_granted", statusForbidden},
	StepUp:            {"step_up_required", statusUnauthorized},

	NotReady:          {"not_ready", statusUnavailable},
	Overloaded:        {"overloaded", statusUnavailable},
	Deadline:          {"deadline", statusUnavailable},
	RecordUnavailable: {"record_unavailable", statusUnavailable},
}

// Named returns the code of a name, and false when there is none.
func Named(name string) (Code, bool) {
	for i := range table {
		if table[i].name == name {
			return Code(i), true
		}
	}
	return Internal, false
}

// String returns the name that records, metrics and clients see.
func (c Code) String() string { return c.row().name }

// Granted says that the reason is one for an allow.
func (c Code) Granted() bool { return c.Status() == statusOK }

// Status returns the HTTP status of a refusal for this reason. Only those that are Granted have
// 200.
func (c Code) Status() int { return c.row().status }

// Unavailable says that the answer could not be known: trying again may help.
func (c Code) Unavailable() bool { return c.Status() == statusUnavailable }

func (c Code) row() info {
	if int(c) >= Count {
		return table[Internal]
	}
	return table[c]
}
