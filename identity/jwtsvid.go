package identity

import "time"

// JWTSVIDs is the configuration of one trust domain's JWT-SVIDs, which are verified by its JWT bundle.
type JWTSVIDs struct {
	TrustDomain string        // whose members the subjects are
	Audiences   []string      // at least one of them must be in aud
	Algorithms  []string      // of JWTSVIDAlgorithms(), which are the default
	Skew        time.Duration // tolerance on exp, nbf, iat; 30 s by default
	MaxLifetime time.Duration // exp - iat at most; 24 h by default
	MaxSize     int           // bytes of the compact serialisation; 8 KiB by default
}

// JWTSVIDAlgorithms returns those of Algorithms that a JWT-SVID can be signed with (JWT-SVID
// specification, section 3.1, which leaves EdDSA out).
func JWTSVIDAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
}
