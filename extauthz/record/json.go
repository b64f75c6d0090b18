package record

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// A line is a JSON object that is being written. Its methods append a member each. The names of
// members are ours and need no escape.
type line []byte

// name appends the name of a member, and the comma before it.
func (l line) name(name string) line {
	if last := l[len(l)-1]; last != '{' && last != '[' {
		l = append(l, ',')
	}
	l = append(append(append(l, '"'), name...), '"', ':')
	return l
}

func (l line) text(name, value string) line { return l.name(name).string(value) }

// optional leaves out what is empty.
func (l line) optional(name, value string) line {
	if value == "" {
		return l
	}
	return l.text(name, value)
}

func (l line) bool(name string, value bool) line { return strconv.AppendBool(l.name(name), value) }

func (l line) number(name string, value int64) line {
	return strconv.AppendInt(l.name(name), value, 10)
}

func (l line) time(name string, value time.Time) line {
	return append(value.UTC().AppendFormat(append(l.name(name), '"'), time.RFC3339Nano), '"')
}

// string appends a string, with what cannot be printed as \u escapes: C1 controls drive terminals,
// U+2028 ends lines for some, and marks of direction reorder what an operator reads. JSON means the
// same by both spellings. What is not UTF-8 becomes U+FFFD.
func (l line) string(s string) line {
	l = append(l, '"')
	plain := 0 // where what needs no escape begins
	for i := 0; i < len(s); {
		if c := s[i]; ' ' <= c && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= 0x80 && r != utf8.RuneError && strconv.IsPrint(r) {
			i += size
			continue
		}
		l = append(l, s[plain:i]...).escape(r)
		i += size
		plain = i
	}
	return append(append(l, s[plain:]...), '"')
}

func (l line) escape(r rune) line {
	switch r {
	case '"', '\\':
		return append(l, '\\', byte(r))
	case '\n':
		return append(l, '\\', 'n')
	case '\r':
		return append(l, '\\', 'r')
	case '\t':
		return append(l, '\\', 't')
	}
	if r > 0xFFFF {
		high, low := utf16.EncodeRune(r)
		return fmt.Appendf(l, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(l, `\u%04x`, r)
}
