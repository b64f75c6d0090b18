package jose

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The bounds of a JWK Set.
const (
	MaxKeySet = 256 << 10 // bytes
	MaxKeys   = 100
)

const (
	keySetDepth  = 6
	keySetValues = 8192
)

// A KeySet is the public keys of one issuer that can verify signatures. It is immutable. A nil
// KeySet is empty.
type KeySet struct {
	keys    []Key
	skipped []Skipped
	digest  [sha256.Size]byte
}

// Skipped is a key of a JWK Set that is never used, and why.
type Skipped struct {
	KeyID string
	Why   string
}

// ParseKeySet reads a JWK Set (RFC 7517 section 5) of at most MaxKeySet bytes and MaxKeys
// keys. It fails for a text that is not such a set. A single key that cannot be used does not
// fail it, but is skipped: made for something else (use, key_ops, kty, crv, alg), malformed,
// too weak or too large, symmetric, or private: a private key that was published is nobody's
// any more, and so is the same key under another name. Two keys with one kid are both
// skipped: which of them is meant would be a guess. So a set may end up empty, which is an
// issuer that vouches for nothing. Errors hold no part of the text.
func ParseKeySet(text []byte) (*KeySet, error) { return parseKeySet(text, forTokens) }

func parseKeySet(text []byte, p purpose) (*KeySet, error) {
	if len(text) > MaxKeySet {
		return nil, fmt.Errorf("more than %d bytes", MaxKeySet)
	}
	object, err := ParseObject(text, Limits{Depth: keySetDepth, Values: keySetValues})
	if err != nil {
		return nil, fmt.Errorf("not a JWK Set: %w", err)
	}
	entries, ok := object["keys"].([]any)
	switch {
	case !ok:
		return nil, errors.New("not a JWK Set: no array keys")
	case len(entries) > MaxKeys:
		return nil, fmt.Errorf("%d keys, and %d are allowed", len(entries), MaxKeys)
	}
	var parsed []jwk
	for _, e := range entries {
		members, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("not a JWK Set: a key is not an object")
		}
		if !p.elsewhere(members) {
			parsed = append(parsed, parseJWK(members, p))
		}
	}
	return newKeySet(parsed), nil
}

// newKeySet keeps the keys that are usable and not ambiguous.
func newKeySet(parsed []jwk) *KeySet {
	named := map[string]int{}
	leaked := map[[sha256.Size]byte]bool{}
	for _, j := range parsed {
		if j.kid != "" && (j.why == "" || j.private) {
			named[j.kid]++
		}
		if j.private {
			leaked[j.public] = true
		}
	}
	s := &KeySet{}
	for _, j := range parsed {
		switch {
		case j.why != "":
		case leaked[j.key.thumbprint]:
			j.why = "its private half is in the set"
		case named[j.kid] > 1:
			j.why = "another key has the same kid"
		}
		if j.why != "" {
			s.skipped = append(s.skipped, Skipped{KeyID: j.kid, Why: j.why})
			continue
		}
		s.keys = append(s.keys, j.key)
	}
	slices.SortFunc(s.keys, func(a, b Key) int {
		return cmp.Or(strings.Compare(a.id, b.id), bytes.Compare(a.thumbprint[:], b.thumbprint[:]), strings.Compare(a.declared, b.declared))
	})
	s.digest = digest(s.keys)
	return s
}

func digest(keys []Key) [sha256.Size]byte {
	h := sha256.New()
	for _, k := range keys {
		fmt.Fprintf(h, "%q %q %x\n", k.id, k.declared, k.thumbprint)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Find returns the key whose kid is id. No key has the kid "".
func (s *KeySet) Find(id string) (Key, bool) {
	if s == nil || id == "" {
		return Key{}, false
	}
	for _, k := range s.keys {
		if k.id == id {
			return k, true
		}
	}
	return Key{}, false
}

// Only returns the key that fits alg, and false when there is none or more than one.
func (s *KeySet) Only(alg string) (Key, bool) {
	if s == nil {
		return Key{}, false
	}
	var only Key
	found := 0
	for _, k := range s.keys {
		if k.Fits(alg) {
			only = k
			found++
		}
	}
	if found != 1 {
		return Key{}, false
	}
	return only, true
}

// For returns the one key that may have signed a token: that of its kid, or where it has none the only
// one that fits its alg. Two are a guess, and none. Whether the key is one for alg, Token.Verify says.
func (s *KeySet) For(token *Token) (Key, bool) {
	if id := token.KeyID(); id != "" {
		return s.Find(id)
	}
	return s.Only(token.Algorithm())
}

// Len returns the number of usable keys.
func (s *KeySet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.keys)
}

// KeyIDs returns the kid of each usable key, sorted; "" for a key without one.
func (s *KeySet) KeyIDs() []string {
	if s == nil {
		return nil
	}
	ids := make([]string, 0, len(s.keys))
	for _, k := range s.keys {
		ids = append(ids, k.id)
	}
	return ids
}

// Skipped returns the keys that are never used, in the order of the document.
func (s *KeySet) Skipped() []Skipped {
	if s == nil {
		return nil
	}
	return slices.Clone(s.skipped)
}

// Digest returns a SHA-256 of the usable keys and their names, whatever their order: two sets
// with one digest verify the same tokens.
func (s *KeySet) Digest() [32]byte {
	if s == nil {
		return [32]byte{}
	}
	return s.digest
}
