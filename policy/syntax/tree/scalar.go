package tree

import "strings"

// plain reads a plain scalar. In brackets it ends before a comma and before every bracket.
func (s *scanner) plain(inFlow bool) (Node, *Fault) {
	n := s.node(Scalar)
	if err := s.plainStart(inFlow); err != nil {
		return Node{}, err
	}
	begin, last := s.at, s.at // last: behind the last byte that is no space
	for ; s.peek(0) != '\n'; s.at++ {
		c := s.peek(0)
		if c == ' ' {
			continue
		}
		if c == '#' && s.at > last || inFlow && isBracketOrComma(c) || c == ':' && s.alone(false) {
			break
		}
		if c == ':' && s.alone(inFlow) { // which YAML readers take in two ways
			return Node{}, s.fail("a space follows the colon of a field: put a value that ends in a colon in quotes")
		}
		if c == '?' && inFlow { // some readers end it here
			return Node{}, s.fail("a value in brackets that holds ? is put in quotes")
		}
		last = s.at + 1
	}
	s.at = last
	n.Text = s.text[begin:last]
	return n, nil
}

func isBracketOrComma(c byte) bool { return strings.IndexByte(",[]{}", c) >= 0 }

// plainStart refuses what a plain scalar cannot begin with.
func (s *scanner) plainStart(inFlow bool) *Fault {
	switch c := s.peek(0); c {
	case '*':
		if s.alone(inFlow) {
			return s.fail(`* is an alias to YAML: write "*" in quotes`)
		}
		return s.fail("an alias (*) is not supported: put a value that begins with * in quotes")
	case '&':
		return s.fail("an anchor (&) is not supported: put a value that begins with & in quotes")
	case '!':
		return s.fail("a tag (!) is not supported: put a value that begins with ! in quotes")
	case '%', '@', '`', '|', '>', ',', ']', '}', '#':
		return s.fail("a plain value cannot begin with %s: put it in quotes", s.describe())
	case ':':
		return s.fail("expected a field or a value, found a colon: put a value that begins with one in quotes")
	case '?':
		return s.fail("keys with ? are not supported: put a value that begins with ? in quotes")
	case '-':
		if s.alone(inFlow) {
			return s.fail(`a list item cannot stand here: put a lone "-" in quotes`)
		}
	}
	return nil
}

// alone says that the character to read next has a space or an end behind it.
func (s *scanner) alone(inFlow bool) bool {
	c := s.peek(1)
	return c == ' ' || c == '\n' || inFlow && isBracketOrComma(c)
}
