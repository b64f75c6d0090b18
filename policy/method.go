package policy

import (
	"errors"

	"github.com/postern/postern/identity"
)

// maxMethod is longer than any registered method (IANA HTTP Method Registry).
const maxMethod = 32

// ErrMethod says that a method is not a token of RFC 9110 section 9.1.
var ErrMethod = errors.New("the method is not a token")

// A Method is a request's method, exactly as sent: GET and get are two. The zero Method is
// no method.
type Method struct{ name string }

// ParseMethod checks that a method is a token.
func ParseMethod(name string) (Method, error) {
	if len(name) > maxMethod || !identity.IsToken(name) {
		return Method{}, ErrMethod
	}
	return Method{name}, nil
}

// String returns the method as sent.
func (m Method) String() string { return m.name }
