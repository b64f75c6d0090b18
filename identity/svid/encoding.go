package svid

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// pemType is the label of a certificate (RFC 7468 section 5.1).
const pemType = "CERTIFICATE"

// unescape undoes Envoy's escaping of PEM. There is one spelling for every byte: what is
// accepted, escaped again, is s.
func unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			if i+3 > len(s) {
				return nil, errors.New("an escape is cut off")
			}
			b := escaped(s[i+1 : i+3])
			if b == 0 {
				return nil, errors.New("an escape that Envoy does not write")
			}
			out = append(out, b)
			i += 2
		case isPlain(c):
			out = append(out, c)
		default:
			return nil, fmt.Errorf("the byte %q must be escaped", c)
		}
	}
	return out, nil
}

// escaped returns the byte that Envoy writes as % and these two digits, and 0 for any other
// two: it escapes five bytes of PEM and no more.
func escaped(digits string) byte {
	switch digits {
	case "0A":
		return '\n'
	case "20":
		return ' '
	case "2B":
		return '+'
	case "2F":
		return '/'
	case "3D":
		return '='
	}
	return 0
}

// isPlain says that c is in PEM and needs no escape.
func isPlain(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
}

// parseChain parses escaped PEM that holds nothing but certificates, at least one and at most
// max. Every block must be in the one form that RFC 7468 lets a generator write: no headers,
// lines of 64, nothing around it.
func parseChain(text string, max int) ([]*x509.Certificate, error) {
	rest, err := unescape(text)
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for len(rest) > 0 {
		if len(chain) == max {
			return nil, fmt.Errorf("more than %d certificates", max)
		}
		block, tail := pem.Decode(rest)
		switch {
		case block == nil:
			return nil, errors.New("not PEM")
		case block.Type != pemType || len(block.Headers) > 0:
			return nil, errors.New("a PEM block that is not a bare " + pemType)
		case !bytes.Equal(pem.EncodeToMemory(block), rest[:len(rest)-len(tail)]):
			return nil, errors.New("PEM in a form that no generator writes, or with something around it")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, brief(err)
		}
		chain, rest = append(chain, cert), tail
	}
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	return chain, nil
}

// maxCause bounds the text of a cause that may quote a hostile certificate.
const maxCause = 200

// A briefError is an error whose text is cut at maxCause bytes.
type briefError struct{ error }

func brief(err error) error { return briefError{err} }

func (e briefError) Error() string {
	text := e.error.Error()
	if len(text) <= maxCause {
		return text
	}
	return strings.ToValidUTF8(text[:maxCause], "") + "..."
}

func (e briefError) Unwrap() error { return e.error }
