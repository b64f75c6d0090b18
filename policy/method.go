package policy

import (
	"errors"
	"strings"
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
	if len(name) > maxMethod || !IsToken(name) {
		return Method{}, ErrMethod
	}
	return Method{name}, nil
}

// String returns the method as sent.
func (m Method) String() string { return m.name }

// isToken says that c is a tchar of RFC 9110 section 5.6.2.
func isToken(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// IsToken says that s is a token of RFC 9110 section 5.6.2.
func IsToken(s string) bool {
	for i := range len(s) {
		if !isToken(s[i]) {
			return false
		}
	}
	return s != ""
}
