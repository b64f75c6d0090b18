package jose

import (
	"encoding/base64"
	"errors"
	"strings"
)

var (
	errBase64 = errors.New("not canonical base64url")
	strict    = base64.RawURLEncoding.Strict()
)

// decode decodes base64url without padding (RFC 7515 section 2), and only the one encoding
// that encoding its result gives again: the standard library would skip line breaks.
func decode(s string) ([]byte, error) { return appendDecoded(nil, s) }

// appendDecoded appends to b what s decodes to, as decode does.
func appendDecoded(b []byte, s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errBase64
	}
	b, err := strict.AppendDecode(b, []byte(s))
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}
