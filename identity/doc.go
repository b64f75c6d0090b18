// Package identity holds who takes part in a request: the Caller, a workload that proved a
// SPIFFE ID over mTLS, and the User, the person or client that a verified token speaks for.
//
// The package has the value types alone: it is light, does no I/O and proves nothing. Its
// sub-packages do the rest:
//
//	reason      why a certificate or a credential was refused (and every other reason)
//	svid        X.509-SVIDs against the bundles of their trust domains
//	trust       where bundles come from: the Workload API or watched files
//	jose        the strict compact serialisation and key sets that stand in front of jwx
//	claims      the claims of a verified token, read strictly and mapped to a User
//	jwt         JSON Web Tokens of one issuer
//	jwtsvid     JWT-SVIDs against the JWT bundle of their trust domain
//	keys        where an issuer's keys come from: a URL, discovery or a watched file
//	provider    every kind of credential, found, verified and mapped to a User
//	memo        what was proven of certificates and tokens, remembered
//	revocation  who is cut off now
//	logout      the logouts that OpenID providers send
//	assertion   what was verified, signed for the workload behind Envoy
//	age         how old something is when a clock is wrong
//	mint        the other side, for tests and the laptop: CAs, SVIDs, tokens
package identity
