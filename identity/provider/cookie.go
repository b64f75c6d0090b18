package provider

import (
	"strings"

	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// findCookie is find for the value of the one cookie of that name: RFC 6265 section 4.2.1. Other
// cookies may be malformed, as browsers send what they were given; whatever could be the
// wanted one may not.
func findCookie(name string, h kind.Headers, limit int) (string, error) {
	header, n := h.First("cookie")
	switch {
	case n == 0:
		return "", errNowhere
	case n > 1: // RFC 6265 section 5.4: one at most
		return "", reason.Errorf(reason.CredentialDuplicate, "%d Cookie headers", n)
	}
	// A comma may be Envoy's, between two headers, so what follows it may be a cookie.
	separators := ";"
	joined := h.Joined() && strings.Contains(header, ",")
	if joined {
		separators = ";,"
	}
	part, rest, found := nextCookie(name, header, separators)
	if !found {
		return "", errNowhere
	}
	if _, _, again := nextCookie(name, rest, separators); again || joined {
		return "", reason.Errorf(reason.CredentialDuplicate, "the cookie may be there twice")
	}
	value, ok := strings.CutPrefix(strings.TrimPrefix(part, " "), name+"=")
	switch {
	case ok && len(value) > limit:
		return "", tooLarge(value, limit)
	case !ok || !isToken68(value):
		return "", reason.Errorf(reason.TokenMalformed, "the cookie is not a name, an equals sign and a token")
	}
	return value, nil
}

// nextCookie returns the first part between separators that is the cookie of this name or could be
// taken for it, and what follows it. It looks for the name, since a header may have tens of thousands
// of parts.
func nextCookie(name, header, separators string) (part, rest string, found bool) {
	for from := 0; ; {
		i := strings.Index(header[from:], name)
		if i < 0 {
			return "", "", false
		}
		from += i + len(name)
		before := strings.TrimRight(header[:from-len(name)], " \t")
		after := strings.TrimLeft(header[from:], " \t")
		if before != "" && strings.IndexByte(separators, before[len(before)-1]) < 0 || after != "" && after[0] != '=' && strings.IndexByte(separators, after[0]) < 0 {
			continue
		}
		rest = header[len(before):]
		if end := strings.IndexAny(rest, separators); end >= 0 {
			return rest[:end], rest[end:], true
		}
		return rest, "", true
	}
}
