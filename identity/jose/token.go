package jose

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/postern/postern/identity/reason"
)

// limits of the two JSON texts of a token. A claim that is a group of groups of lists is
// within them; whoever needs more is attacking a parser.
const (
	headerDepth  = 3
	headerValues = 64
	payloadDepth = 8
)

// payloadLimits returns the limits of a payload of so many bytes. The values that it may have grow
// with it, since many that are tiny cost more to read than a signature: in a token of 8 KiB there may
// be some 300 members or 600 elements.
func payloadLimits(size int) Limits {
	return Limits{Depth: payloadDepth, Values: min(256+size/16, 4096)}
}

// A Token is a JWT in compact serialisation that was read strictly and proven in no way: its
// signature was not looked at. It prints as a fixed text, so no log can hold one by accident.
type Token struct {
	header    header
	claims    map[string]any
	signed    string // what the signature is over: header, dot, payload
	signature []byte
	size      int
}

// Parse reads raw, which may have at most limit bytes. Errors are *reason.Error with
// TokenTooLarge, TokenMalformed, TokenHeader or TokenAlgorithm, and hold no part of raw.
func Parse(raw string, limit int) (*Token, error) {
	if len(raw) > limit {
		return nil, reason.Errorf(reason.TokenTooLarge, "%d bytes, and %d are allowed", len(raw), limit)
	}
	b, _ := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	parts, err := decodeParts(raw, b)
	if err != nil {
		return nil, err
	}
	head, err := parseHeader(parts[0])
	if err != nil {
		return nil, err
	}
	claims, err := ParseObject(parts[1], payloadLimits(len(parts[1])))
	if err != nil {
		return nil, reason.Errorf(reason.TokenMalformed, "payload: %w", err)
	}
	return &Token{
		header:    head,
		claims:    claims,
		signed:    raw[:strings.LastIndexByte(raw, '.')],
		signature: bytes.Clone(parts[2]),
		size:      len(raw),
	}, nil
}

// buffers are for bytes that nobody needs any more when a token is parsed, or verified: as many as it has.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// decodeParts returns the three parts of a compact serialisation, decoded into a buffer.
func decodeParts(raw string, buffer *[]byte) (decoded [3][]byte, _ error) {
	var parts [3]string
	var rest string
	parts[0], rest, _ = strings.Cut(raw, ".")
	parts[1], parts[2], _ = strings.Cut(rest, ".")
	if parts[0] == "" || parts[1] == "" || parts[2] == "" || strings.IndexByte(parts[2], '.') >= 0 {
		return decoded, reason.Errorf(reason.TokenMalformed, "not three non-empty parts")
	}
	b := slices.Grow((*buffer)[:0], len(raw)) // so that the parts stay where they are
	*buffer = b
	for i, part := range parts {
		from := len(b)
		more, err := appendDecoded(b, part)
		if err != nil {
			return decoded, reason.Errorf(reason.TokenMalformed, "part %d: %w", i+1, err)
		}
		b, decoded[i] = more, more[from:]
	}
	return decoded, nil
}

// Algorithm returns the header's alg: one for which IsAlgorithm holds.
func (t *Token) Algorithm() string { return t.header.alg }

// KeyID returns the header's kid; "" when it has none. An empty kid is never accepted.
func (t *Token) KeyID() string { return t.header.kid }

// Type returns the header's typ as it is written; "" when it has none. An empty typ is never
// accepted.
func (t *Token) Type() string { return t.header.typ }

// Size returns the length of the compact serialisation in bytes.
func (t *Token) Size() int { return t.size }

// Unverified returns a claim that nothing vouches for: enough to choose who is to verify the
// token, and for nothing else.
func (t *Token) Unverified(claim string) (any, bool) {
	v, ok := t.claims[claim]
	return v, ok
}

// Verify checks the signature with key and returns the claims that it covers, which whoever
// calls must not modify. Errors are *reason.Error with TokenAlgorithm, when the key is not one for
// the token's alg, or TokenSignature.
func (t *Token) Verify(key Key) (map[string]any, error) {
	if err := key.verify(t.header.alg, t.signed, t.signature); err != nil {
		return nil, err
	}
	return t.claims, nil
}

// String returns a fixed text.
func (t *Token) String() string { return "[token]" }

// GoString returns a fixed text.
func (t *Token) GoString() string { return "[token]" }
