package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/postern/postern/identity/reason"
)

// The bounds of an RSA key. Below, it can be factored (NIST SP 800-131A); above, verifying
// one signature costs as much as an attack. The exponent's floor is FIPS 186-5's.
const (
	minModulus  = 2048
	maxModulus  = 8192
	minExponent = 1 << 16
	maxExponent = 1<<31 - 1
)

// A Key is a public key that verifies signatures. The zero Key verifies none. A Key is
// immutable.
type Key struct {
	id         string
	declared   string // its alg; "" when it has none
	public     any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	methods    []method
	thumbprint [sha256.Size]byte
}

// A method is one way that a key verifies.
type method struct {
	alg      string
	size     int // of a signature, in bytes
	verifier jws.Verifier
}

// ID returns the key's kid; "" when it has none.
func (k Key) ID() string { return k.id }

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638).
func (k Key) Thumbprint() [32]byte { return k.thumbprint }

// Fits says whether the key verifies signatures of alg: it is of the right type and curve,
// and its own alg, when it has one, is the same.
func (k Key) Fits(alg string) bool {
	_, ok := k.method(alg)
	return ok
}

func (k Key) method(alg string) (method, bool) {
	for _, m := range k.methods {
		if m.alg == alg {
			return m, true
		}
	}
	return method{}, false
}

// verify checks a signature of alg over signed.
func (k Key) verify(alg, signed string, signature []byte) error {
	m, ok := k.method(alg)
	switch {
	case !ok:
		return reason.Errorf(reason.TokenAlgorithm, "the key is not for this algorithm")
	case len(signature) != m.size:
		return reason.Errorf(reason.TokenSignature, "the signature has %d bytes, and %d are wanted", len(signature), m.size)
	}
	b, _ := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	*b = append((*b)[:0], signed...)
	// The library's error is dropped: it says no more, and may one day quote the token.
	if m.verifier.Verify(*b, signature, k.public) != nil {
		return reason.Errorf(reason.TokenSignature, "the signature is not the key's")
	}
	return nil
}

// material is what a key's members hold, by type.
type material struct {
	family     family
	public     any
	size       int    // of an RSA signature, in bytes
	thumbprint string // what RFC 7638 section 3 hashes
}

// newKey returns the key of m for the algorithm that it declares, or for all that fit.
func newKey(id, declared string, m material) (Key, error) {
	k := Key{id: id, declared: declared, public: m.public, thumbprint: sha256.Sum256([]byte(m.thumbprint))}
	for _, a := range algorithms() {
		if a.family != m.family || declared != "" && declared != a.name {
			continue
		}
		v, err := verifierOf(a)
		if err != nil {
			return Key{}, fmt.Errorf("%s: %w", a.name, err)
		}
		k.methods = append(k.methods, method{alg: a.name, size: max(a.size, m.size), verifier: v})
	}
	if len(k.methods) == 0 {
		return Key{}, errors.New("its alg is not one for signatures by a key of its type")
	}
	return k, nil
}

// rsaMaterial reads n and e: RFC 7518 section 6.3.1.
func rsaMaterial(n, e string) (material, error) {
	modulus, err := unsigned(n)
	if err != nil {
		return material{}, fmt.Errorf("n: %w", err)
	}
	exponent, err := unsigned(e)
	if err != nil {
		return material{}, fmt.Errorf("e: %w", err)
	}
	bits := modulus.BitLen()
	switch {
	case bits < minModulus || bits > maxModulus:
		return material{}, fmt.Errorf("a modulus of %d bits, and %d to %d are allowed", bits, minModulus, maxModulus)
	case modulus.Bit(0) == 0:
		return material{}, errors.New("an even modulus")
	case !exponent.IsInt64() || exponent.Int64() < minExponent || exponent.Int64() > maxExponent || exponent.Bit(0) == 0:
		return material{}, errors.New("an exponent that is even, too small or too large")
	}
	return material{
		family:     familyRSA,
		public:     &rsa.PublicKey{N: modulus, E: int(exponent.Int64())},
		size:       (bits + 7) / 8,
		thumbprint: `{"e":"` + e + `","kty":"RSA","n":"` + n + `"}`,
	}, nil
}

// unsigned reads a Base64urlUInt in its one form: RFC 7518 section 2.
func unsigned(s string) (*big.Int, error) {
	b, err := decode(s)
	switch {
	case err != nil:
		return nil, err
	case len(b) == 0 || b[0] == 0:
		return nil, errors.New("empty, or with a leading zero")
	}
	return new(big.Int).SetBytes(b), nil
}

// ecMaterial reads crv, x and y: RFC 7518 section 6.2.1.
func ecMaterial(crv, x, y string) (material, error) {
	m := material{thumbprint: `{"crv":"` + crv + `","kty":"EC","x":"` + x + `","y":"` + y + `"}`}
	var curve elliptic.Curve
	switch crv {
	case "P-256":
		m.family, curve = familyP256, elliptic.P256()
	case "P-384":
		m.family, curve = familyP384, elliptic.P384()
	case "P-521":
		m.family, curve = familyP521, elliptic.P521()
	default:
		return material{}, errors.New("a curve that is not supported")
	}
	size := (curve.Params().BitSize + 7) / 8
	point := []byte{4} // uncompressed: SEC 1 section 2.3.3
	for _, s := range []string{x, y} {
		b, err := decode(s)
		if err != nil || len(b) != size {
			return material{}, fmt.Errorf("a coordinate is not %d bytes of base64url", size)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return material{}, errors.New("not a point on the curve")
	}
	m.public = public
	return m, nil
}

// okpMaterial reads crv and x: RFC 8037 section 2.
func okpMaterial(crv, x string) (material, error) {
	if crv != "Ed25519" {
		return material{}, errors.New("a curve that is not supported")
	}
	b, err := decode(x)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return material{}, fmt.Errorf("x is not %d bytes of base64url", ed25519.PublicKeySize)
	}
	return material{
		family:     familyEd25519,
		public:     ed25519.PublicKey(b),
		thumbprint: `{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`,
	}, nil
}
