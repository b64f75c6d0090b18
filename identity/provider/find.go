package provider

import (
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// find returns the one credential at a place, where nobody accepts one of more than limit bytes.
// Errors are errNowhere and *reason.Error with CredentialDuplicate, TokenTooLarge or TokenMalformed, and
// hold no part of the request.
func find(place identity.Place, h kind.Headers, limit int) (string, error) {
	if place.Cookie != "" {
		return findCookie(place.Cookie, h, limit)
	}
	value, n := h.First(place.Header)
	switch {
	case n == 0:
		return "", errNowhere
	case n > 1:
		return "", reason.Errorf(reason.CredentialDuplicate, "%d headers %s", n, place.Header)
	case place.Scheme == "":
		return bare(value, place, limit)
	}
	return withScheme(value, place, limit)
}

// bare reads a header whose whole value is the credential.
func bare(value string, place identity.Place, limit int) (string, error) {
	switch {
	case strings.Contains(value, ","):
		return "", reason.Errorf(reason.CredentialDuplicate, "a comma in %s: two headers in one", place.Header)
	case len(value) > limit:
		return "", tooLarge(value, limit)
	case !isToken68(value):
		return "", reason.Errorf(reason.TokenMalformed, "the value of %s is no credential", place.Header)
	}
	return value, nil
}

// withScheme reads a header of the form of RFC 9110 section 11.4, with a token68 and exactly
// one space (RFC 6750 section 2.1).
func withScheme(value string, place identity.Place, limit int) (string, error) {
	scheme, rest := cutScheme(value)
	switch {
	case scheme == "":
		return "", reason.Errorf(reason.TokenMalformed, "%s has no scheme", place.Header)
	case !strings.EqualFold(scheme, place.Scheme) && hidesScheme(rest, place.Scheme):
		return "", reason.Errorf(reason.CredentialDuplicate, "two credentials in %s", place.Header)
	case !strings.EqualFold(scheme, place.Scheme):
		return "", errNowhere
	case strings.Contains(rest, ","):
		return "", reason.Errorf(reason.CredentialDuplicate, "a comma in %s: two headers in one", place.Header)
	}
	credential, ok := strings.CutPrefix(rest, " ")
	switch {
	case ok && len(credential) > limit:
		return "", tooLarge(credential, limit)
	case !ok || !isToken68(credential):
		return "", reason.Errorf(reason.TokenMalformed, "%s is not the scheme, one space and a token", place.Header)
	}
	return credential, nil
}

// tooLarge is said before anyone looks at what is too large, so that it costs nothing.
func tooLarge(credential string, limit int) error {
	return reason.Errorf(reason.TokenTooLarge, "%d bytes, and %d are allowed", len(credential), limit)
}

// maxScheme is more than any scheme has, in bytes. What is longer is cut there, and so another.
const maxScheme = 256

// cutScheme returns the scheme, a token of RFC 9110 section 5.6.2, and what follows it.
func cutScheme(value string) (scheme, rest string) {
	n := identity.TokenLen(value[:min(len(value), maxScheme)])
	return value[:n], value[n:]
}

// hidesScheme says whether, after a comma, what follows another scheme may be a header of
// the scheme that is wanted. Parameters of that other scheme have commas too.
func hidesScheme(rest, scheme string) bool {
	for range maxCommas {
		_, after, more := strings.Cut(rest, ",")
		if !more {
			return false
		}
		if s, _ := cutScheme(strings.TrimLeft(after, " \t")); strings.EqualFold(s, scheme) {
			return true
		}
		rest = after
	}
	return true // or nobody can tell at a bounded cost
}

// maxCommas bounds the parameters of a scheme that is not ours. Digest (RFC 7616), which has the
// most, has a dozen.
const maxCommas = 64

// isToken68 says whether s is a token68: RFC 9110 section 11.2.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if token68[body[i]] == 0 {
			return false
		}
	}
	return body != ""
}

// token68 has 1 for each byte that a token68 can have beside its padding. A token has thousands of them, in
// no order that a processor could foresee, so nothing is compared.
var token68 = [256]byte{
	'-': 1, '.': 1, '_': 1, '~': 1, '+': 1, '/': 1,
	'0': 1, '1': 1, '2': 1, '3': 1, '4': 1, '5': 1, '6': 1, '7': 1, '8': 1, '9': 1,
	'A': 1, 'B': 1, 'C': 1, 'D': 1, 'E': 1, 'F': 1, 'G': 1, 'H': 1, 'I': 1, 'J': 1, 'K': 1, 'L': 1, 'M': 1,
	'N': 1, 'O': 1, 'P': 1, 'Q': 1, 'R': 1, 'S': 1, 'T': 1, 'U': 1, 'V': 1, 'W': 1, 'X': 1, 'Y': 1, 'Z': 1,
	'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1, 'f': 1, 'g': 1, 'h': 1, 'i': 1, 'j': 1, 'k': 1, 'l': 1, 'm': 1,
	'n': 1, 'o': 1, 'p': 1, 'q': 1, 'r': 1, 's': 1, 't': 1, 'u': 1, 'v': 1, 'w': 1, 'x': 1, 'y': 1, 'z': 1,
}
