package jose

import "strings"

// VerifySignature is Parse and Token.Verify for a payload that is no JSON, which those of
// Wycheproof's vectors are.
func VerifySignature(raw string, key Key) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errBase64
	}
	head, err := decode(parts[0])
	if err != nil {
		return err
	}
	if _, err := decode(parts[1]); err != nil {
		return err
	}
	signature, err := decode(parts[2])
	if err != nil {
		return err
	}
	h, err := parseHeader(head)
	if err != nil {
		return err
	}
	if h.kid != key.id {
		return errBase64
	}
	return key.verify(h.alg, parts[0]+"."+parts[1], signature)
}

// VerifyRaw verifies a signature of alg over a message that is no token.
func VerifyRaw(alg string, message, signature []byte, key Key) error {
	return key.verify(alg, string(message), signature)
}
