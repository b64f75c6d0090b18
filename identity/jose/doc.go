// Package jose reads compact JSON Web Signatures and JWK Sets, strictly.
//
// It stands in front of jwx, which verifies signatures but reads forgivingly: padding and
// newlines in a part, duplicate members, an unknown crit, an alg that is not the key's. What
// is accepted here has one reading, and whoever reads it again, reads the same. jwx is then
// given one key and one algorithm, and no part of the token to interpret.
//
// Parse refuses (RFC 7515, RFC 7519, RFC 8725):
//
//   - anything but three non-empty parts of canonical, unpadded base64url;
//   - JSON that is not one object of valid UTF-8, or has duplicate members, a lone surrogate,
//     a NUL, an endless number or too many or too deeply nested values;
//   - every alg but RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA;
//   - the header parameters that move trust or meaning into the token: crit, b64, jku, x5u,
//     jwk, x5c, zip, enc and cty. The fingerprints x5t and x5t#S256, which some issuers always
//     send, select nothing here and are ignored, as RFC 7515 section 4 has it for every
//     parameter that is not understood.
//
// ParseKeySet keeps the public keys that can verify signatures. A key that cannot, or must
// not, is left out and named with the reason, and the others serve: an issuer that also
// publishes its encryption key is normal, and one that leaks a private key has to lose that
// key at once, which refusing the whole set (and so keeping the last one) would prevent.
package jose
