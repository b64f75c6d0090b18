package format

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/postern/postern/policy/syntax/tree"
)

// longKey is where a key keeps its spelling: package tree reads no key of more than 1024 bytes.
const longKey = 1000

// spellKey is spell for the key of a field.
func spellKey(key *value, inFlow bool) string {
	if s := key.spell(inFlow); len(s) <= longKey {
		return s
	}
	return key.raw
}

// spell returns a scalar that stands on one line, in brackets or not: plain where it can be, else in
// quotes.
func (v *value) spell(inFlow bool) string {
	switch {
	case v.typed || isPlain(v.text, inFlow):
		return v.text
	case strings.ContainsAny(v.text, `"\`) && !strings.Contains(v.text, "'") && isPrintable(v.text):
		return "'" + v.text + "'"
	}
	return quote(v.text)
}

// isPlain says whether a string is read as it is without quotes. It mirrors what package tree
// takes for a plain scalar.
func isPlain(s string, inFlow bool) bool {
	if tree.TypeOf(s) != tree.String || !isPrintable(s) || strings.Trim(s, " ") != s {
		return false
	}
	if strings.IndexByte("*&!%@`|>,[]{}#:?\"'", s[0]) >= 0 || s == "-" || strings.HasPrefix(s, "- ") {
		return false
	}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") { // a key may be the first of its line
		return false
	}
	if strings.Contains(s, " #") || strings.Contains(s, ": ") || strings.HasSuffix(s, ":") {
		return false
	}
	return !inFlow || !strings.ContainsAny(s, ",[]{}?")
}

// isPrintable says whether a string shows what it holds: the one space is that of ASCII.
func isPrintable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// quote writes a string in double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch i := strings.IndexRune("\\\"\b\f\n\r\t", r); {
		case i >= 0:
			b.WriteString(`\` + `\"bfnrt`[i:i+1])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
