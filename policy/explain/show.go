package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown is how much of one value is shown, in bytes.
const maxShown = 200

// show returns a value as it can be shown: bounded, and with what a terminal could take for more
// than text, a space at an end, or nothing at all in quotes.
func show(s string) string {
	more := ""
	if len(s) > maxShown {
		end := maxShown
		for end > maxShown-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s, more = s[:end], "…"
	}
	if s == "" || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return fmt.Sprintf("%q", s) + more
	}
	return s + more
}

// showAny is show for what may be absent: "" stays "".
func showAny(s string) string {
	if s == "" {
		return ""
	}
	return show(s)
}

// hidden stands for the value of a header that holds a credential.
const hidden = "a credential, which is not shown"

// secrets returns the headers in which providers look for credentials.
func (e *Explainer) secrets() []string {
	var all []string
	for _, p := range e.set.Providers() {
		if p.From.Header != "" {
			all = append(all, p.From.Header)
		}
	}
	return all
}

// mentions says that an expression reads one of some headers.
func mentions(expression string, headers []string) bool {
	return slices.ContainsFunc(headers, func(h string) bool { return strings.Contains(expression, strconv.Quote(h)) })
}
