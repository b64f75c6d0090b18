package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // linked for crypto.SHA256
	_ "crypto/sha512" // linked for crypto.SHA384 and crypto.SHA512
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// A Key signs tokens with one algorithm of RFC 7518 or RFC 8037. It is immutable and safe for
// concurrent use.
type Key struct {
	alg, kid string
	hash     crypto.Hash // 0 for EdDSA
	private  crypto.Signer
	secret   []byte // of the HS algorithms, which have no private
}

// NewKey returns a new key for alg: RS256 to PS512 (2048 bits), ES256 to ES512, or EdDSA
// (Ed25519). kid may be "", and is then left out everywhere.
func NewKey(alg, kid string) (*Key, error) {
	private, err := generate(alg)
	if err != nil {
		return nil, err
	}
	return KeyOf(alg, kid, private)
}

// KeyOf returns the key that signs with private by alg. That the two fit is not checked: an
// RSA key has six algorithms.
func KeyOf(alg, kid string, private crypto.Signer) (*Key, error) {
	hash, err := hashOf(alg)
	if err != nil {
		return nil, err
	}
	return &Key{alg: alg, kid: kid, hash: hash, private: private}, nil
}

// NewSecret returns a symmetric key for HS256, HS384 or HS512: what an attacker signs with
// who hopes that a public key is taken for a secret.
func NewSecret(alg, kid string, secret []byte) (*Key, error) {
	hash, err := hashOf(alg)
	if err != nil {
		return nil, err
	}
	return &Key{alg: alg, kid: kid, hash: hash, secret: secret}, nil
}

// Algorithm returns the JWS alg that the key signs by.
func (k *Key) Algorithm() string { return k.alg }

// ID returns the kid.
func (k *Key) ID() string { return k.kid }

// Public returns the public key; nil for a secret.
func (k *Key) Public() crypto.PublicKey {
	if k.private == nil {
		return nil
	}
	return k.private.Public()
}

// Private returns the private key; nil for a secret.
func (k *Key) Private() crypto.Signer { return k.private }

// JWK returns the public key as members of a JWK (RFC 7517) with use, alg and kid. The map is
// the caller's to change. A secret is given away whole, as kty oct.
func (k *Key) JWK() map[string]any {
	jwk := map[string]any{"use": "sig", "alg": k.alg}
	if k.kid != "" {
		jwk["kid"] = k.kid
	}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"] = "RSA", b64(public.N.Bytes())
		jwk["e"] = b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 0x04, X, Y
		if err != nil {
			break // a curve of one's own: no JWK has it
		}
		size := len(point) / 2
		jwk["kty"], jwk["crv"] = "EC", public.Curve.Params().Name
		jwk["x"], jwk["y"] = b64(point[1:1+size]), b64(point[1+size:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", b64(public)
	default:
		jwk["kty"], jwk["k"] = "oct", b64(k.secret)
	}
	return jwk
}

// JWKS returns the set of the public keys (RFC 7517 section 5).
func JWKS(keys ...*Key) []byte {
	set := make([]map[string]any, len(keys))
	for i, k := range keys {
		set[i] = k.JWK()
	}
	out, err := json.Marshal(map[string]any{"keys": set})
	if err != nil {
		return nil // cannot happen: strings only
	}
	return out
}

func hashOf(alg string) (crypto.Hash, error) {
	switch alg {
	case "RS256", "PS256", "ES256", "HS256":
		return crypto.SHA256, nil
	case "RS384", "PS384", "ES384", "HS384":
		return crypto.SHA384, nil
	case "RS512", "PS512", "ES512", "HS512":
		return crypto.SHA512, nil
	case "EdDSA":
		return 0, nil
	default:
		return 0, fmt.Errorf("mint: unknown algorithm %q", alg)
	}
}

func generate(alg string) (crypto.Signer, error) {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, fmt.Errorf("mint: no private key for algorithm %q", alg)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
