package provider

import (
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// Headers are the headers of one request, as Envoy delivered them.
type Headers interface {
	// Values returns the values of a header in the order of the request; name is lower case.
	Values(name string) []string
	// Joined says that Envoy joined headers of one name with a comma, cookies included.
	Joined() bool
}

// find returns the one credential at a place. Errors are *reason.Error with CredentialMissing,
// CredentialDuplicate or TokenMalformed, and hold no part of the request.
func find(place identity.Place, h Headers) (string, error) {
	if place.Cookie != "" {
		return findCookie(place.Cookie, h)
	}
	values := h.Values(place.Header)
	switch {
	case len(values) == 0:
		return "", reason.Errorf(reason.CredentialMissing, "no header %s", place.Header)
	case len(values) > 1:
		return "", reason.Errorf(reason.CredentialDuplicate, "%d headers %s", len(values), place.Header)
	case place.Scheme == "":
		return bare(values[0], place)
	}
	return withScheme(values[0], place)
}

// bare reads a header whose whole value is the credential.
func bare(value string, place identity.Place) (string, error) {
	switch {
	case strings.Contains(value, ","):
		return "", reason.Errorf(reason.CredentialDuplicate, "a comma in %s: two headers in one", place.Header)
	case !isToken68(value):
		return "", reason.Errorf(reason.TokenMalformed, "the value of %s is no credential", place.Header)
	}
	return value, nil
}

// withScheme reads a header of the form of RFC 9110 section 11.4, with a token68 and exactly
// one space (RFC 6750 section 2.1).
func withScheme(value string, place identity.Place) (string, error) {
	scheme, rest := cutScheme(value)
	switch {
	case scheme == "":
		return "", reason.Errorf(reason.TokenMalformed, "%s has no scheme", place.Header)
	case !strings.EqualFold(scheme, place.Scheme) && hidesScheme(rest, place.Scheme):
		return "", reason.Errorf(reason.CredentialDuplicate, "two credentials in %s", place.Header)
	case !strings.EqualFold(scheme, place.Scheme):
		return "", reason.Errorf(reason.CredentialMissing, "%s has another scheme", place.Header)
	case strings.Contains(rest, ","):
		return "", reason.Errorf(reason.CredentialDuplicate, "a comma in %s: two headers in one", place.Header)
	}
	credential, ok := strings.CutPrefix(rest, " ")
	if !ok || !isToken68(credential) {
		return "", reason.Errorf(reason.TokenMalformed, "%s is not the scheme, one space and a token", place.Header)
	}
	return credential, nil
}

// cutScheme returns the scheme, a token of RFC 9110 section 5.6.2, and what follows it.
func cutScheme(value string) (scheme, rest string) {
	n := identity.TokenLen(value)
	return value[:n], value[n:]
}

// hidesScheme says whether, after a comma, what follows another scheme may be a header of
// the scheme that is wanted. Parameters of that other scheme have commas too.
func hidesScheme(rest, scheme string) bool {
	parts := strings.Split(rest, ",")
	for _, part := range parts[1:] {
		if s, _ := cutScheme(strings.TrimLeft(part, " \t")); strings.EqualFold(s, scheme) {
			return true
		}
	}
	return false
}

// isToken68 says whether s is a token68: RFC 9110 section 11.2.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if c := body[i]; !isAlphanumeric(c) && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return body != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
