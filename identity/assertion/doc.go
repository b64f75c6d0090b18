// Package assertion signs what Postern verified, for the workload behind it.
//
// An assertion is a JWT (RFC 7519) that says to one audience who calls, for whom, and what was
// asked for. Plain headers are believed because of the way they came; an assertion proves that
// Postern let this request through, to whoever has the public keys that [Signer.JWKS] returns:
//
//	iss      the SPIFFE ID of the protected workload
//	sub      the user's subject, else the caller's SPIFFE ID; left out when there is neither
//	aud      for whom it is; one text
//	iat exp  now, and Lifetime later
//	jti      the request id, as answer and record have it
//	caller   the SPIFFE ID of the caller; left out when there is none
//	caller_asserted  true where only Envoy's word speaks for the caller; else left out
//	user     provider, issuer, subject, client, scopes, roles, acr and actors, those that there are;
//	         left out when there is no user
//	request  method, host and path: the host as policies compare it, the path as it was sent,
//	         escapes and all, without the query
//
// The header has alg ES256, typ postern-assertion+jwt and a kid that is the key's thumbprint
// (RFC 7638). Members have a fixed order, and the JSON has one reading: no duplicates, no text
// that is not UTF-8.
//
// # Keys
//
// Keys are made in memory and never leave it. One signs for Turn; the one that comes next is
// published all that time before its first use, and the one before stays published for Stay
// after its last. So whoever fetches the keys once an hour knows every key in time, but for the
// first ones after a start, which an unknown kid is the sign of.
package assertion
