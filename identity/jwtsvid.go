package identity

// JWTSVIDAlgorithms returns those of Algorithms that a JWT-SVID can be signed with (JWT-SVID
// specification, section 3.1, which leaves EdDSA out).
func JWTSVIDAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
}
