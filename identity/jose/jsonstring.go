package jose

import (
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string: RFC 8259 section 7.
func (p *parser) string() (string, error) {
	rest := p.text[p.next+1:] // after the "
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '"':
			p.next += i + 2
			return rest[:i], nil
		case c == '\\':
			p.next += i + 1
			return p.escaped(rest[:i])
		case c < ' ':
			p.next += i + 1
			return "", p.errorf("a control character in a string")
		}
	}
	p.next = len(p.text)
	return "", p.errorf("a string without end")
}

// escaped reads the rest of a string whose beginning has no escape.
func (p *parser) escaped(beginning string) (string, error) {
	s := []byte(beginning)
	for p.next < len(p.text) {
		c := p.text[p.next]
		p.next++
		switch {
		case c == '"':
			return string(s), nil
		case c < ' ':
			return "", p.errorf("a control character in a string")
		case c != '\\':
			s = append(s, c)
			continue
		}
		r, err := p.escape()
		if err != nil {
			return "", err
		}
		s = utf8.AppendRune(s, r)
	}
	return "", p.errorf("a string without end")
}

// escape reads what follows a backslash.
func (p *parser) escape() (rune, error) {
	c := p.peek()
	p.next = min(p.next+1, len(p.text))
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return p.unicode()
	}
	return 0, p.errorf("an unknown escape")
}

// unicode reads what follows \u: four hexadecimal digits, and the second half of a surrogate
// pair when they are the first.
func (p *parser) unicode() (rune, error) {
	r, ok := p.hex()
	switch {
	case !ok:
		return 0, p.errorf("no four hexadecimal digits after \\u")
	case r == 0:
		return 0, p.errorf("an escaped NUL")
	case !utf16.IsSurrogate(r):
		return r, nil
	}
	if !p.literal(`\u`) {
		return 0, p.errorf("half a surrogate pair")
	}
	low, ok := p.hex()
	pair := utf16.DecodeRune(r, low)
	if !ok || pair == utf8.RuneError {
		return 0, p.errorf("half a surrogate pair")
	}
	return pair, nil
}

func (p *parser) hex() (rune, bool) {
	if len(p.text)-p.next < 4 {
		return 0, false
	}
	var r rune
	for range 4 {
		c := p.text[p.next]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
		p.next++
	}
	return r, true
}
