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
// Package claims reads them, and says what is required, what marks a token for another use, what a
// token may be bound to, and who acts for its user. iss is asked of first, as it says whose token it is.
package jwt
