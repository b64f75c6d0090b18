package policy

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a request's target.
const (
	MaxTarget   = 8 << 10 // bytes of path and query
	MaxSegments = 128
)

// The ways a target is not canonical. ParsePath returns no other error.
var (
	ErrPathMissing  = errors.New("the path is missing, or is not in origin form")
	ErrPathTooLong  = errors.New("the path is too long")
	ErrPathByte     = errors.New("the path has a byte that no path may have unescaped")
	ErrPathEscape   = errors.New("the path has an escape that is not % and two hexadecimal digits")
	ErrPathEmpty    = errors.New("the path has an empty segment")
	ErrPathDot      = errors.New("the path has a dot segment")
	ErrPathSplit    = errors.New("the path has a segment that would read as another path if it were decoded again")
	ErrPathEncoding = errors.New("the path has a segment that is not printable UTF-8 once decoded")
)

// A Path is the canonical path of a request: decoded segments that every parser reads the
// same way. The zero Path is no path. A trailing slash is a last segment that is empty, so
// /a/ is [a, ""] and / is [""].
type Path struct {
	raw      string // as sent, without the query
	query    string // as sent, without the question mark
	segments []string
}

// ParsePath parses the target of a request in origin form (RFC 9112 section 3.2.1), which is
// a path and, after the first question mark, a query. It refuses and never repairs: whatever
// some server, proxy or framework might read otherwise is an error. That is an empty inner
// segment, a dot segment in any encoding, a byte that RFC 3986 section 3.3 does not allow
// unescaped, and a segment that, once decoded, holds a separator (/ \ ? # ;), a further
// escape, a control character or something other than UTF-8.
func ParsePath(target string) (Path, error) { return ParsePathIn(nil, target) }

// ParsePathIn is ParsePath with memory for the segments: as many of them as buf has capacity for
// take no other. The path is good until buf is used again.
func ParsePathIn(buf []string, target string) (Path, error) {
	switch {
	case len(target) > MaxTarget:
		return Path{}, ErrPathTooLong
	case target == "" || target[0] != '/':
		return Path{}, ErrPathMissing
	}
	raw, query, _ := strings.Cut(target, "?")
	if !validQuery(query) {
		return Path{}, ErrPathByte
	}
	n := strings.Count(raw, "/")
	if n > MaxSegments {
		return Path{}, ErrPathTooLong
	}
	p := Path{raw: raw, query: query, segments: slices.Grow(buf[:0], n)}
	rest, more := raw[1:], true
	for more {
		var encoded string
		encoded, rest, more = strings.Cut(rest, "/")
		if encoded == "" && more {
			return Path{}, ErrPathEmpty
		}
		s, err := decodeSegment(encoded)
		if err != nil {
			return Path{}, err
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

// IsZero says that there is no path.
func (p Path) IsZero() bool { return p.segments == nil }

// Segments returns the decoded segments; whoever calls must not modify them.
func (p Path) Segments() []string { return p.segments }

// Raw returns the path as it was sent, escapes and all, without the query.
func (p Path) Raw() string { return p.raw }

// Query returns the query as it was sent, without its question mark.
func (p Path) Query() string { return p.query }

// String returns the path in the one encoding that parses to the same segments and escapes
// only what must be.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p.segments {
		b.WriteByte('/')
		for i := range len(s) {
			if c := s[i]; isPathByte(c) {
				b.WriteByte(c)
			} else {
				const hex = "0123456789ABCDEF"
				b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			}
		}
	}
	return b.String()
}

// decodeSegment decodes one segment and refuses what is ambiguous in either form.
func decodeSegment(encoded string) (string, error) {
	s, escaped, err := unescape(encoded)
	if err != nil {
		return "", err
	}
	switch {
	case s == "." || s == "..":
		return "", ErrPathDot
	case escaped && strings.ContainsAny(s, `/\?#;`):
		return "", ErrPathSplit
	case escaped && holdsEscape(s):
		return "", ErrPathSplit
	case escaped && !printable(s):
		return "", ErrPathEncoding
	}
	return s, nil
}

// unescape decodes the escapes of a segment and checks every byte that is not escaped.
func unescape(s string) (decoded string, escaped bool, err error) {
	for i := range len(s) {
		switch {
		case s[i] == '%':
			escaped = true
		case !isPathByte(s[i]):
			return "", false, ErrPathByte
		}
	}
	if !escaped {
		return s, false, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if !isEscape(s[i:]) {
			return "", false, ErrPathEscape
		}
		b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
		i += 2
	}
	return string(b), true, nil
}

// isPathByte says that c may stand unescaped in a segment: pchar of RFC 3986 section 3.3,
// less the semicolon, which some servers take as the start of parameters.
func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,=:@", c) >= 0
}

// validQuery refuses the bytes that could end the query, or that Envoy shows otherwise than
// it forwards them: controls, space, # and everything outside ASCII.
func validQuery(q string) bool {
	for i := range len(q) {
		if c := q[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// isEscape says that s starts with % and two hexadecimal digits.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func holdsEscape(s string) bool {
	for i := range len(s) {
		if isEscape(s[i:]) {
			return true
		}
	}
	return false
}

// printable says that s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
