package tree

import (
	"fmt"
	"strings"
)

// maxDepth bounds how deep values may be nested; the grammar needs a dozen.
const maxDepth = 32

// A scanner reads one document. It stands at a byte and knows its line. It is a hand-written
// recursive descent: each function reads one thing and leaves the scanner behind it.
type scanner struct {
	text  string
	at    int // the byte to read next
	start int // the first byte of its line
	line  int
	depth int
	nodes nodes

	faults []*Fault // those after which reading went on
}

// Read reads one document, which is a mapping or a list. With faults there is a node, without
// what they are about, if reading could go on; it is good for finding more of them.
func Read(p Part) (*Node, []*Fault) {
	s := &scanner{text: string(p.Text), line: p.line}
	if s.skipLines(); s.end() {
		return &Node{Line: int32(p.line), Column: 1}, nil
	}
	root, err := s.block(-1)
	switch {
	case err != nil:
	case root.Kind == Scalar:
		err = notField(&root)
	case !s.end():
		err = s.fail("this belongs to nothing above: check its indent")
	}
	if err != nil {
		return nil, append(s.faults, err)
	}
	return &root, s.faults
}

func (s *scanner) fail(format string, args ...any) *Fault {
	return &Fault{s.line, s.column() + 1, fmt.Sprintf(format, args...)}
}

// failAt is fail for a place on this line that was passed already.
func (s *scanner) failAt(at int, format string, args ...any) *Fault {
	return &Fault{s.line, at - s.start + 1, fmt.Sprintf(format, args...)}
}

// column counts from 0, as indents are compared.
func (s *scanner) column() int { return s.at - s.start }

func (s *scanner) end() bool { return s.at >= len(s.text) }

// peek returns the byte that is so many after the one to read next, or '\n' behind the end.
// Carriage returns stand before a newline only, and end a line as well.
func (s *scanner) peek(ahead int) byte {
	if s.at+ahead >= len(s.text) || s.text[s.at+ahead] == '\r' {
		return '\n'
	}
	return s.text[s.at+ahead]
}

// node returns a node of this kind, at the scanner's place.
func (s *scanner) node(kind Kind) Node {
	return Node{Kind: kind, Line: int32(s.line), Column: int32(s.column() + 1)}
}

func (s *scanner) skipSpaces() {
	for !s.end() && s.text[s.at] == ' ' {
		s.at++
	}
}

// restOfLine returns what is left of the line, without its end.
func (s *scanner) restOfLine() string {
	rest, _, _ := strings.Cut(s.text[s.at:], "\n")
	return strings.TrimSuffix(rest, "\r")
}

// nextLine goes to the beginning of the next line.
func (s *scanner) nextLine() {
	if i := strings.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		s.at += i + 1
		s.line++
		s.start = s.at
		return
	}
	s.at = len(s.text)
}

// blank skips spaces and says whether the line ends there, or in a comment. A comment has a
// space before it.
func (s *scanner) blank() bool {
	s.skipSpaces()
	return s.peek(0) == '\n' || s.peek(0) == '#' && (s.column() == 0 || s.text[s.at-1] == ' ')
}

// skipLines goes from a line's beginning to the next content, over blank lines and comments.
func (s *scanner) skipLines() {
	for !s.end() && s.blank() {
		s.nextLine()
	}
}

// finishLine goes from behind a value to the next content; nothing else may stand on the line.
func (s *scanner) finishLine() *Fault {
	if !s.blank() {
		return s.fail("expected the end of the line behind a value, found %s", s.describe())
	}
	s.nextLine()
	s.skipLines()
	return nil
}

// push adds items to the list or mapping that is being read.
func (s *scanner) push(items ...Node) *Fault {
	if !s.nodes.push(items...) {
		return s.fail("a document has at most %d values", maxNodes)
	}
	return nil
}

// describe returns the character to read next, for an error.
func (s *scanner) describe() string {
	for _, r := range s.restOfLine() {
		return fmt.Sprintf("%q", string(r))
	}
	return "the end of the line"
}

// enter counts one more level of nesting.
func (s *scanner) enter() *Fault {
	if s.depth++; s.depth > maxDepth {
		return s.fail("values are nested more than %d deep", maxDepth)
	}
	return nil
}
