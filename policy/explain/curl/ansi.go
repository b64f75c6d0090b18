package curl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ansi reads $'…' (ANSI-C Quoting in the manual of bash), of which browsers write \', \\, \n, \r
// and \u0021. The quote is the next byte.
func (s *splitter) ansi() *Error {
	for i := s.next + 1; i < len(s.line); {
		switch c := s.line[i]; c {
		case '\'':
			s.next = i + 1
			return nil
		case '\\':
			n := s.ansiEscape(s.line[i+1:])
			if n == 0 {
				return s.errorf(i, "this escape is not known in $'…'")
			}
			i += 1 + n
		default:
			s.word.WriteByte(c)
			i++
		}
	}
	return s.unclosed()
}

// ansiEscape writes what an escape stands for, and returns how many bytes of text, which follows
// the backslash, it takes; 0 when it is none.
func (s *splitter) ansiEscape(text string) int {
	if text == "" {
		return 0
	}
	if i := strings.IndexByte(`\'"?abeEfnrtv`, text[0]); i >= 0 {
		s.word.WriteByte("\\'\"?\a\b\x1b\x1b\f\n\r\t\v"[i])
		return 1
	}
	switch text[0] {
	case 'x':
		return s.number(text, 1, 2, 16)
	case 'u':
		return s.number(text, 1, 4, 16)
	case 'U':
		return s.number(text, 1, 8, 16)
	}
	return s.number(text, 0, 3, 8)
}

// number writes what up to so many digits of a base stand for: a byte, or a code point where there
// may be more than three.
func (s *splitter) number(text string, skip, digits, base int) int {
	end := skip
	for end < len(text) && end < skip+digits && isDigit(text[end], base) {
		end++
	}
	n, err := strconv.ParseUint(text[skip:end], base, 32)
	switch {
	case err != nil || n == 0 || digits > 3 && !utf8.ValidRune(rune(min(n, utf8.MaxRune+1))):
		return 0
	case digits > 3:
		s.word.WriteRune(rune(n))
	default:
		s.word.WriteByte(byte(n))
	}
	return end
}

func isDigit(c byte, base int) bool {
	_, err := strconv.ParseUint(string(c), base, 8)
	return err == nil
}
