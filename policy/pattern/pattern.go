package pattern

import (
	"strings"
)

// scheme is what every SPIFFE ID begins with (SPIFFE-ID section 2).
const scheme = "spiffe://"

// A Pattern matches SPIFFE IDs. The zero Pattern matches nothing. A Pattern is immutable, and
// two that compare equal with == match the same.
type Pattern struct {
	text   string // as written; "" in the zero Pattern
	domain int    // the length of the scheme and the trust domain
	exact  bool   // there is no wildcard
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// TrustDomain returns the name of the one trust domain whose IDs the pattern can match.
func (p Pattern) TrustDomain() string {
	if p.text == "" {
		return ""
	}
	return p.text[len(scheme):p.domain]
}

// Segments returns the path's segments, "*" and "**" among them.
func (p Pattern) Segments() []string {
	if p.text == "" {
		return nil
	}
	return strings.Split(p.text[p.domain+1:], "/")
}

// Match says whether the pattern matches id, which must be a valid SPIFFE ID: the function
// compares and does not check. It does not allocate.
func (p Pattern) Match(id string) bool {
	switch {
	case p.text == "":
		return false
	case p.exact:
		return p.text == id
	case len(id) <= p.domain || id[:p.domain] != p.text[:p.domain] || id[p.domain] != '/':
		return false
	}
	return matchSegments(p.text[p.domain+1:], id[p.domain+1:])
}

// matchSegments compares two paths without their leading slash. A path has at least one
// segment, so a trailing "**" that is reached always has one to stand for.
func matchSegments(pattern, path string) bool {
	for {
		want, patternRest, patternMore := strings.Cut(pattern, "/")
		if want == "**" {
			return path != ""
		}
		have, pathRest, pathMore := strings.Cut(path, "/")
		if want != have && (want != "*" || have == "") || patternMore != pathMore {
			return false
		}
		if !patternMore {
			return true
		}
		pattern, path = patternRest, pathRest
	}
}
