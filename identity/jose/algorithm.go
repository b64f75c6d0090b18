package jose

import (
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"github.com/postern/postern/identity"
)

// A family is what a key has to be for an algorithm.
type family uint8

const (
	familyNone family = iota
	familyRSA
	familyP256
	familyP384
	familyP521
	familyEd25519
)

// An algorithm is one row of RFC 7518 section 3.1 or RFC 8037 section 3.1.
type algorithm struct {
	name   string
	jwa    jwa.SignatureAlgorithm
	family family
	size   int // of a signature, in bytes; 0: as long as the modulus
}

// algorithms returns what there is to know of each of identity.Algorithms.
func algorithms() []algorithm {
	return []algorithm{
		{"RS256", jwa.RS256, familyRSA, 0},
		{"RS384", jwa.RS384, familyRSA, 0},
		{"RS512", jwa.RS512, familyRSA, 0},
		{"PS256", jwa.PS256, familyRSA, 0},
		{"PS384", jwa.PS384, familyRSA, 0},
		{"PS512", jwa.PS512, familyRSA, 0},
		{"ES256", jwa.ES256, familyP256, 64},
		{"ES384", jwa.ES384, familyP384, 96},
		{"ES512", jwa.ES512, familyP521, 132},
		{"EdDSA", jwa.EdDSA, familyEd25519, 64},
	}
}

// IsAlgorithm says whether name is one of identity.Algorithms, exactly as written.
func IsAlgorithm(name string) bool {
	return slices.Contains(identity.Algorithms(), name)
}
