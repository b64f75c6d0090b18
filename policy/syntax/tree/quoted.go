package tree

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// quoted reads a string in single or double quotes, which ends on its line.
func (s *scanner) quoted() (Node, *Fault) {
	n := s.node(Scalar)
	n.Quoted = true
	quote := s.peek(0)
	rest := s.text[s.at:] // whose first line counts: looking for its end would be looking at all of a long one
	var text string
	var size int // of the string with its quotes; -1 when it does not close
	var err *Fault
	if quote == '\'' {
		text, size = single(rest)
	} else {
		text, size, err = s.double(rest)
	}
	switch {
	case err != nil:
		return Node{}, err
	case size < 0:
		return Node{}, s.fail("the quote that opens here does not close on this line")
	}
	s.at += size
	n.Text = text
	return n, nil
}

// single reads a string in single quotes, in which a quote is doubled.
func single(rest string) (text string, size int) {
	for at := 1; ; at += 2 {
		i := strings.IndexAny(rest[at:], "'\n")
		if i < 0 || rest[at+i] == '\n' {
			return "", -1
		}
		at += i
		if !strings.HasPrefix(rest[at:], "''") {
			return strings.ReplaceAll(rest[1:at], "''", "'"), at + 1
		}
	}
}

// double reads a string in double quotes, with the escapes of JSON, but for \/, and \xHH and \UHHHHHHHH.
func (s *scanner) double(rest string) (text string, size int, err *Fault) {
	closed := strings.IndexAny(rest[1:], "\"\\\n")
	if closed >= 0 && rest[1+closed] == '"' {
		return rest[1 : 1+closed], closed + 2, nil
	}
	var b strings.Builder
	for at := 1; at < len(rest); {
		switch rest[at] {
		case '\n':
			return "", -1, nil
		case '"':
			return b.String(), at + 1, nil
		case '\\':
			r, width := escape(rest[at+1:])
			if width == 0 {
				return "", 0, s.failAt(s.at+at, `an escape that is not supported: \\ \" \b \f \n \r \t \xHH \uHHHH \UHHHHHHHH are`)
			}
			b.WriteRune(r)
			at += 1 + width
		default:
			b.WriteByte(rest[at])
			at++
		}
	}
	return "", -1, nil
}

// escape reads what follows a backslash. The width is 0 for no escape.
func escape(s string) (r rune, width int) {
	if s == "" {
		return 0, 0
	}
	if i := strings.IndexByte(`\"bfnrt`, s[0]); i >= 0 {
		return rune("\\\"\b\f\n\r\t"[i]), 1
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[0]]
	if digits == 0 || len(s) <= digits {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, 0
	}
	return rune(n), 1 + digits
}
