package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
)

// Header returns the JOSE header of a sound token: the key's alg and kid, and typ unless it
// is "". The map is the caller's to change.
func (k *Key) Header(typ string) map[string]any {
	header := map[string]any{"alg": k.alg}
	if k.kid != "" {
		header["kid"] = k.kid
	}
	if typ != "" {
		header["typ"] = typ
	}
	return header
}

// Sign returns the compact serialisation (RFC 7515 section 7.1) of claims under header, both
// exactly as given, whatever the header says of the signature. A nil header stands for
// Header("at+jwt").
func (k *Key) Sign(header, claims map[string]any) (string, error) {
	if header == nil {
		header = k.Header("at+jwt")
	}
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("mint: header: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("mint: claims: %w", err)
	}
	return k.SignRaw(h, c)
}

// SignRaw is Sign for bytes, JSON or not.
func (k *Key) SignRaw(header, payload []byte) (string, error) {
	signature, err := k.Signature([]byte(b64(header) + "." + b64(payload)))
	if err != nil {
		return "", err
	}
	return Compact(header, payload, signature), nil
}

// Compact joins three parts into a compact serialisation, signed or not.
func Compact(header, payload, signature []byte) string {
	return b64(header) + "." + b64(payload) + "." + b64(signature)
}

// Signature returns the JWS signature (RFC 7518 section 3, RFC 8037 section 3.1) of input, the
// two encoded parts and the dot between them.
func (k *Key) Signature(input []byte) ([]byte, error) {
	if k.secret != nil {
		mac := hmac.New(k.hash.New, k.secret)
		mac.Write(input)
		return mac.Sum(nil), nil
	}
	digest := input // EdDSA signs the message itself
	if k.hash != 0 {
		h := k.hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	if private, ok := k.private.(*ecdsa.PrivateKey); ok {
		return signECDSA(private, digest)
	}
	signature, err := k.private.Sign(rand.Reader, digest, k.signerOptions())
	if err != nil {
		return nil, fmt.Errorf("mint: %s: %w", k.alg, err)
	}
	return signature, nil
}

func (k *Key) signerOptions() crypto.SignerOpts {
	if k.alg[0] == 'P' { // RFC 7518 section 3.5: the salt is as long as the hash
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.hash}
	}
	return k.hash
}

// signECDSA returns r and s, each as wide as the curve's order (RFC 7518 section 3.4).
func signECDSA(private *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, private, digest)
	if err != nil {
		return nil, fmt.Errorf("mint: ECDSA: %w", err)
	}
	width := (private.Curve.Params().BitSize + 7) / 8
	signature := make([]byte, 2*width)
	r.FillBytes(signature[:width])
	s.FillBytes(signature[width:])
	return signature, nil
}
