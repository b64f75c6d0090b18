package jose

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// A jwk is one entry of a JWK Set, read.
type jwk struct {
	kid     string
	key     Key    // the zero Key when why says something
	why     string // it must not be used; "" when it may
	private bool
	public  [sha256.Size]byte // the thumbprint of a private key's public half, if that can be read
}

// parseJWK reads one key for a purpose (RFC 7517 section 4). It cannot fail: a key that cannot be
// used says why.
func parseJWK(members map[string]any, p purpose) jwk {
	text, err := stringMembers(members)
	if isPrivate(members) {
		j := jwk{kid: text["kid"], why: "a private or symmetric key", private: true}
		// Whatever it says that it is for: who has it can sign with it.
		if m, err := readMaterial(text); err == nil {
			j.public = sha256.Sum256([]byte(m.thumbprint))
		}
		return j
	}
	if err != nil {
		return jwk{why: err.Error()}
	}
	j := jwk{kid: text["kid"], why: notForSignatures(members, text, p)}
	if j.why == "" {
		if j.key, err = publicKey(text); err != nil {
			j.why = err.Error()
		}
	}
	return j
}

func publicKey(text map[string]string) (Key, error) {
	if alg, ok := text["alg"]; ok && !IsAlgorithm(alg) {
		return Key{}, errors.New("its alg is not supported")
	}
	m, err := readMaterial(text)
	if err != nil {
		return Key{}, err
	}
	return newKey(text["kid"], text["alg"], m)
}

// stringMembers returns the members that a public key is made of, as far as they are strings.
// It fails when one is something else, or kid is empty or too long.
func stringMembers(members map[string]any) (map[string]string, error) {
	text := map[string]string{}
	var err error
	for _, name := range []string{"kid", "kty", "use", "alg", "crv", "n", "e", "x", "y"} {
		v, ok := members[name]
		if !ok {
			continue
		}
		s, ok := v.(string)
		if !ok {
			err = fmt.Errorf("%s is not a string", name)
			continue
		}
		text[name] = s
	}
	if kid, ok := text["kid"]; ok && (kid == "" || len(kid) > maxHeaderText) {
		delete(text, "kid")
		err = fmt.Errorf("kid has not 1 to %d bytes", maxHeaderText)
	}
	return text, err
}

// isPrivate says whether a key has a member that only a private or symmetric key has:
// RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 8037 section 2.
func isPrivate(members map[string]any) bool {
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := members[name]; ok {
			return true
		}
	}
	return members["kty"] == "oct"
}

// notForSignatures says why a key is not meant to verify signatures, or "".
func notForSignatures(members map[string]any, text map[string]string, p purpose) string {
	if why := p.isFor(text); why != "" {
		return why
	}
	ops, ok := members["key_ops"]
	if !ok {
		return ""
	}
	list, ok := ops.([]any)
	if !ok {
		return "key_ops is not an array"
	}
	for _, op := range list {
		if op == "verify" {
			return ""
		}
	}
	return "its key_ops have no verify"
}

func readMaterial(text map[string]string) (material, error) {
	switch text["kty"] {
	case "RSA":
		return rsaMaterial(text["n"], text["e"])
	case "EC":
		return ecMaterial(text["crv"], text["x"], text["y"])
	case "OKP":
		return okpMaterial(text["crv"], text["x"])
	}
	return material{}, errors.New("its kty is not supported")
}
