package provider

import (
	"strings"

	"github.com/postern/postern/identity/reason"
)

// findCookie returns the value of the one cookie of that name: RFC 6265 section 4.2.1. Other
// cookies may be malformed, as browsers send what they were given; whatever could be the
// wanted one may not.
func findCookie(name string, h Headers) (string, error) {
	headers := h.Values("cookie")
	switch {
	case len(headers) == 0:
		return "", reason.Errorf(reason.CredentialMissing, "no cookies")
	case len(headers) > 1: // RFC 6265 section 5.4: one at most
		return "", reason.Errorf(reason.CredentialDuplicate, "%d Cookie headers", len(headers))
	}
	// A comma may be Envoy's, between two headers, so what follows it may be a cookie.
	separators := ";"
	joined := h.Joined() && strings.Contains(headers[0], ",")
	if joined {
		separators = ";,"
	}
	var found []string
	for part := range strings.FieldsFuncSeq(headers[0], func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if n, _, _ := strings.Cut(part, "="); strings.Trim(n, " \t") == name {
			found = append(found, part)
		}
	}
	switch {
	case len(found) == 0:
		return "", reason.Errorf(reason.CredentialMissing, "no cookie of that name")
	case len(found) > 1 || joined:
		return "", reason.Errorf(reason.CredentialDuplicate, "the cookie may be there twice")
	}
	value, ok := strings.CutPrefix(strings.TrimPrefix(found[0], " "), name+"=")
	if !ok || !isToken68(value) {
		return "", reason.Errorf(reason.TokenMalformed, "the cookie is not a name, an equals sign and a token")
	}
	return value, nil
}
