package assertion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Type is the typ of an assertion (RFC 8725 section 3.11): nothing else that a key of ours might
// sign, and no token of an identity provider, can be taken for one.
const Type = "postern-assertion+jwt"

// coordinate is how many bytes each half of a point and of a signature has (RFC 7518 section 3.4).
const coordinate = 32

// A key signs by ES256. It is immutable.
type key struct {
	private *ecdsa.PrivateKey
	head    string // the encoded header, and the dot behind it
	jwk     string // the public half (RFC 7517)
}

func newKey() (*key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("a key for assertions: %w", err)
	}
	point, err := private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("a key for assertions: %w", err)
	}
	x, y := encoded(point[1:1+coordinate]), encoded(point[1+coordinate:])
	thumbprint := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`)) // RFC 7638 section 3
	kid := encoded(thumbprint[:])
	return &key{
		private: private,
		head:    encoded([]byte(`{"alg":"ES256","kid":"`+kid+`","typ":"`+Type+`"}`)) + ".",
		jwk:     `{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `","use":"sig","alg":"ES256","kid":"` + kid + `"}`,
	}, nil
}

// size returns how long a token with a payload of n bytes is.
func (k *key) size(n int) int {
	return len(k.head) + base64.RawURLEncoding.EncodedLen(n) + 1 + base64.RawURLEncoding.EncodedLen(2*coordinate)
}

// sign returns the compact serialisation (RFC 7515 section 7.1) of a payload.
func (k *key) sign(payload []byte) (string, error) {
	token := append(make([]byte, 0, k.size(len(payload))), k.head...)
	token = base64.RawURLEncoding.AppendEncode(token, payload)
	digest := sha256.Sum256(token)
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		return "", fmt.Errorf("an assertion could not be signed: %w", err)
	}
	var signature [2 * coordinate]byte
	r.FillBytes(signature[:coordinate])
	s.FillBytes(signature[coordinate:])
	return string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature[:])), nil
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
