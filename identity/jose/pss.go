package jose

import (
	"crypto"
	"crypto/rsa"
	"errors"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// verifierOf returns what verifies signatures of an algorithm: jwx's, except for RSASSA-PSS.
func verifierOf(a algorithm) (jws.Verifier, error) {
	switch a.name {
	case "PS256":
		return pss(crypto.SHA256), nil
	case "PS384":
		return pss(crypto.SHA384), nil
	case "PS512":
		return pss(crypto.SHA512), nil
	}
	return jws.NewVerifier(a.jwa)
}

// A pss verifies RSASSA-PSS as RFC 7518 section 3.5 has it: the salt is as long as the hash.
// jwx would take a salt of any length, none included.
type pss crypto.Hash

// Verify checks the signature of payload with a *rsa.PublicKey.
func (p pss) Verify(payload, signature []byte, key any) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return errors.New("not an RSA key")
	}
	h := crypto.Hash(p)
	digest := h.New()
	digest.Write(payload)
	return rsa.VerifyPSS(public, h, digest.Sum(nil), signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h})
}
