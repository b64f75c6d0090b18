package jose

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errBase64 = errors.New("not canonical base64url")

// decode decodes base64url without padding (RFC 7515 section 2), and only the one encoding
// that encoding its result gives again: the standard library would skip line breaks.
func decode(s string) ([]byte, error) {
	if strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, '\r') >= 0 {
		return nil, errBase64
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}
