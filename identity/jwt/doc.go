// Package jwt verifies the JSON Web Tokens of one issuer and maps their claims to a User.
//
// A Verifier is made from one identity.Provider. It looks at a token in this order, so
// that what is cheap comes before what costs, and nothing is believed before the signature:
//
//	size and shape      TokenTooLarge, TokenMalformed, TokenHeader
//	alg                 TokenAlgorithm: not in the issuer's list
//	typ                 TokenType: not in the provider's list
//	iss                 TokenIssuer: compared exactly
//	kid                 KeysUnavailable, TokenKeyUnknown; TokenAlgorithm: not the key's
//	signature           TokenSignature
//	what it is for      TokenBinding, TokenType, TokenAudience
//	when                TokenExpired, TokenNotYetValid, TokenLifetime
//	everything else     TokenClaims
//
// # Keys
//
// A token with a kid is verified by the key of that name and no other. One without is verified
// if exactly one key of the set fits its alg; two are a guess, and refused.
//
// # Claims
//
// iss, sub, aud, exp and iat are required. A claim that is read and has the wrong type, null
// included, refuses the token: a scope that is a number is not "no scopes". A claim that is
// absent, or whose path leads through an absent one, is empty. Times may have a fraction
// (RFC 7519 section 2), which is rounded to the stricter side, but no exponent.
//
// # Token or token
//
// Issuers sign several kinds of token with one key, some with one header. So an access token
// may not have what marks an ID token (nonce, at_hash, c_hash), a logout token or a security
// event (events), or a claim typ, token_use or token_type that names another kind; and for
// ID tokens the reverse.
//
// # Bound and delegated
//
// A token with a cnf is bound. To the caller's own certificate (RFC 8705) it is checked, always; to
// anything else it is refused with TokenBinding, since nothing here checks that its sender has
// the key. Who acts for the user (act, RFC 8693) has to be readable, and is handed on.
package jwt
