package revoke

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/identity"
)

// line returns an entry as a mapping on one line, in the order of the reference.
func line(e *identity.RevocationEntry) (string, error) {
	var b strings.Builder
	var fault error
	put := func(name string, values []string, one bool) {
		if len(values) == 0 {
			return
		}
		quoted := make([]string, len(values))
		for i, v := range values {
			if err := check(name, v); err != nil {
				fault = errors.Join(fault, err)
				return
			}
			quoted[i] = quote(v)
		}
		text := strings.Join(quoted, ", ")
		if !one || len(quoted) > 1 {
			text = "[" + text + "]"
		}
		fmt.Fprintf(&b, "%s: %s, ", name, text)
	}
	if e.Name != "" {
		put("name", []string{e.Name}, true)
	}
	put("provider", e.Providers, true)
	put("subjects", e.Subjects, false)
	put("tokenIDs", e.TokenIDs, false)
	put("sessionIDs", e.SessionIDs, false)
	put("keyIDs", e.KeyIDs, false)
	if !e.IssuedBefore.IsZero() {
		fmt.Fprintf(&b, "issuedBefore: %s, ", stamp(e.IssuedBefore))
	}
	put("callers", e.Callers, false)
	if e.TrustDomain != "" {
		put("trustDomain", []string{e.TrustDomain}, true)
	}
	put("serials", e.Serials, false)
	return "{" + b.String() + "until: " + stamp(e.Until) + "}", fault
}

// stamp writes a time as documents have it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// whole rounds a time up to seconds.
func whole(t time.Time) time.Time {
	if down := t.Truncate(time.Second); down.Before(t) {
		return down.Add(time.Second)
	}
	return t
}

// check refuses what has no place in a document. The value may be one that was pasted by mistake, so
// it is not repeated.
func check(field, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s: an empty value", field)
	case len(s) > identity.MaxText: // and in no token that is accepted
		return fmt.Errorf("%s: a value of %d bytes, and %d are allowed", field, len(s), identity.MaxText)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s: a value that is not UTF-8", field)
	case strings.ContainsFunc(s, unicode.IsControl): // which no token has that is accepted
		return fmt.Errorf("%s: a value with control characters", field)
	}
	return nil
}

// quote writes a text so that YAML reads it as that text: as it is where nothing could be meant by
// it, else in double quotes.
func quote(s string) string {
	plain := 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z' && !slices.Contains(words(), strings.ToLower(s))
	for i := range len(s) {
		c := s[i]
		plain = plain && ('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_./:@", c) >= 0)
	}
	if plain && s[len(s)-1] != ':' {
		return s
	}
	return `"` + escaped(s) + `"`
}

// escaped writes a text for double quotes (YAML 1.2 section 5.7). What cannot be seen, or would change
// how its neighbours look, is an escape: tokens can have such subjects, and who reads the file has to
// tell them apart.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	return b.String()
}

// words are those that some reader of YAML takes for something else than text.
func words() []string { return []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"} }

// same says that two entries say the same, wherever they stand.
func same(a, b identity.RevocationEntry) bool {
	a.At, b.At = "", ""
	for _, e := range []*identity.RevocationEntry{&a, &b} {
		e.Until, e.IssuedBefore = e.Until.UTC(), e.IssuedBefore.UTC()
		for _, list := range []*[]string{&e.Providers, &e.Subjects, &e.TokenIDs, &e.SessionIDs, &e.KeyIDs, &e.Callers, &e.Serials} {
			if len(*list) == 0 {
				*list = nil
			}
		}
	}
	return reflect.DeepEqual(a, b)
}
