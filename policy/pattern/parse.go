package pattern

import (
	"errors"
	"fmt"
	"strings"
)

// The limits of a SPIFFE ID (SPIFFE-ID section 2.3) hold for a pattern, too.
const (
	maxLength = 2048
	maxDomain = 255
)

// Parse reads a pattern. The error says what is wrong and what to write instead.
func Parse(text string) (Pattern, error) {
	rest, ok := strings.CutPrefix(text, scheme)
	switch {
	case !ok:
		return Pattern{}, schemeError(text)
	case len(text) > maxLength:
		return Pattern{}, fmt.Errorf("a SPIFFE ID has at most %d bytes", maxLength)
	}
	domain, path, hasPath := strings.Cut(rest, "/")
	if err := checkDomain(domain); err != nil {
		return Pattern{}, err
	}
	if !hasPath {
		return Pattern{}, fmt.Errorf("a trust domain alone is no workload: write %s/** for all of it", text)
	}
	exact, err := checkPath(path)
	if err != nil {
		return Pattern{}, err
	}
	return Pattern{text: text, domain: len(scheme) + len(domain), exact: exact}, nil
}

func schemeError(text string) error {
	switch {
	case text == "":
		return errors.New("a SPIFFE ID pattern must not be empty")
	case len(text) >= len(scheme) && strings.EqualFold(text[:len(scheme)], scheme):
		return errors.New("the scheme is written in lower case: spiffe://")
	case text == "*" || text == "**":
		return errors.New("a pattern names its trust domain: spiffe://TRUST_DOMAIN/**")
	}
	return errors.New("a SPIFFE ID pattern begins with spiffe://")
}

func checkDomain(domain string) error {
	switch {
	case domain == "":
		return errors.New("the trust domain is missing: spiffe://TRUST_DOMAIN/PATH")
	case len(domain) > maxDomain:
		return fmt.Errorf("a trust domain has at most %d bytes", maxDomain)
	case strings.Contains(domain, "*"):
		return errors.New("the trust domain is always a literal: * stands for a path segment only")
	}
	for i := range len(domain) {
		if !isDomainByte(domain[i]) {
			return fmt.Errorf("%q in the trust domain: it has lower-case letters, digits, dots, dashes and underscores only",
				firstRune(domain[i:]))
		}
	}
	return nil
}

// checkPath says whether a path, given without its leading slash, is exact.
func checkPath(path string) (exact bool, err error) {
	exact = true
	for segment, last := "", false; !last; {
		var more bool
		segment, path, more = strings.Cut(path, "/")
		last = !more
		if err := checkSegment(segment, last); err != nil {
			return false, err
		}
		exact = exact && segment[0] != '*'
	}
	return exact, nil
}

func checkSegment(segment string, last bool) error {
	switch {
	case segment == "" && last:
		return errors.New("a SPIFFE ID does not end with a slash")
	case segment == "":
		return errors.New("a path segment is empty")
	case segment == "." || segment == "..":
		return errors.New("a SPIFFE ID has no dot segments")
	case segment == "*" || segment == "**" && last:
		return nil
	case segment == "**":
		return errors.New("** stands at the end only; * is one whole segment")
	case strings.Contains(segment, "*"):
		return fmt.Errorf("%q: a * stands for a whole segment, never for a part of one", segment)
	}
	for i := range len(segment) {
		if c := segment[i]; !isDomainByte(c) && (c < 'A' || c > 'Z') {
			return fmt.Errorf("%q in a path segment: it has letters, digits, dots, dashes and underscores only",
				firstRune(segment[i:]))
		}
	}
	return nil
}

func isDomainByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_'
}

// firstRune returns the first character of s, which is not empty, as a string.
func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
