// Package claims reads the claim set of a token that was verified, strictly, and maps it to a User by
// the configuration of the provider. It verifies no signature and knows no form of token: whoever calls
// has proven that the claims are the issuer's, or asks what would be if they were, as a test does.
// So that both are told the same, nothing else in Postern reads claims.
//
//	what it is bound to   cnf: TokenBinding unless it is one certificate (RFC 7800 section 3.1, RFC 8705
//	                      section 3.1), of which Verified.For asks whether the caller has it. No
//	                      JWT-SVID is bound: one with a cnf is refused
//	what it is for        events, typ, token_use, token_type, nonce, at_hash, c_hash: TokenType when they
//	                      mark another kind of token. A JWT-SVID is known by its authority, and these are
//	                      not looked at
//	for whom              aud (RFC 7519 section 4.1.3): TokenAudience when none is the provider's
//	who                   sub and what the provider maps; act (RFC 8693 section 4.1)
//	when                  exp, nbf, iat (RFC 7519 sections 4.1.4 to 4.1.6), auth_time: Times
//
// sub, aud, exp and iat are required. A claim that is read and has the wrong type, null included, is
// TokenClaims: a scope that is a number is not "no scopes". A claim that is absent, or whose path leads
// through an absent one, is empty. A text has 1 to identity.MaxText bytes and no control character.
// Times may have a fraction (RFC 7519 section 2), which is rounded to the stricter side, but no
// exponent. Claims that are not named here are handed on as they are.
//
// Errors are *reason.Error, name the claim, and hold nothing that a token says.
package claims
