// Package jwtsvid verifies JWT-SVIDs as bearer credentials: SPIFFE's JWT-SVID specification,
// sections 3 to 5, held stricter where it leaves a choice.
//
// A JWT-SVID is verified by the JWT bundle of one trust domain, the one that a provider names, and
// by no other: whatever key signed it, its sub has to be a SPIFFE ID of that trust domain with a
// path. Its header has alg, one of those of section 3.1; kid, which names the one key that may
// have signed it; and typ, where it is there, JWT or JOSE. aud, exp and iat are required, although
// section 3 asks for no iat: without it a lifetime has no bound. iss says nothing here.
//
// What comes of it is a user, whose subject is the SPIFFE ID. It is never a caller: a bearer
// credential shows that somebody was given it, and not who sends it.
//
// Reasons: TokenIssuer, TokenClaims, TokenAlgorithm, TokenType and TokenKeyUnknown before any
// key is looked at; KeysUnavailable while the trust domain has no JWT bundle, or one that is too old
// (BundleStale is said of callers alone, so that whoever reads a record knows whose bundle it is);
// then TokenSignature, TokenAlgorithm, and those of package jwt for the claims.
package jwtsvid
