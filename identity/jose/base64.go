package jose

import (
	"encoding/base64"
	"errors"
)

var errBase64 = errors.New("not canonical base64url")

// decode decodes base64url without padding (RFC 7515 section 2), and only the one encoding
// that encoding its result gives again: the standard library would skip line breaks.
func decode(s string) ([]byte, error) {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return nil, errBase64
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}
