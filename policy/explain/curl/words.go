package curl

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest command line that is read, in bytes: browsers copy large cookies.
const MaxLine = 256 << 10

// An Error says what cannot be read, and where. Line and Column count from 1, the column in bytes.
type Error struct {
	Line, Column int
	Message      string // what is wrong, and what to write
}

// Error returns the place and the message.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// A word is one argument, without its quotes, and where it begins.
type word struct {
	text string
	at   int // offset in the line
}

// A splitter is somewhere in a line.
type splitter struct {
	line string
	next int // the first byte not read
	word strings.Builder
	open bool // a word has begun
	from int  // where it did
	all  []word
}

// split returns the words of one command.
func split(line string) ([]word, *Error) {
	s := &splitter{line: line}
	switch {
	case len(line) > MaxLine:
		return nil, s.errorf(0, "the command has %d bytes: at most %d are read", len(line), MaxLine)
	case !utf8.ValidString(line):
		return nil, s.errorf(0, "the command is not UTF-8")
	}
	for s.next < len(line) {
		more, err := s.step()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	s.end()
	return s.all, nil
}

func (s *splitter) errorf(at int, format string, args ...any) *Error {
	return errorAt(s.line, at, fmt.Sprintf(format, args...))
}

func errorAt(line string, at int, message string) *Error {
	before := line[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	return &Error{strings.Count(before, "\n") + 1, at - start + 1, message}
}

func (s *splitter) end() {
	if s.open {
		s.all = append(s.all, word{s.word.String(), s.from})
		s.word.Reset()
		s.open = false
	}
}

// begin makes sure that a word has begun.
func (s *splitter) begin() {
	if !s.open {
		s.open, s.from = true, s.next
	}
}

// step reads one byte or one quoted part. It is false at the end of the command.
func (s *splitter) step() (more bool, _ *Error) {
	rest := s.line[s.next:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "\\\n"):
		s.next += 2
	case strings.HasPrefix(rest, "\\\r\n"):
		s.next += 3
	case c == '\\':
		return true, s.escape(rest)
	case c == ' ' || c == '\t' || c == '\r':
		s.end()
		s.next++
	case c == '\n':
		s.end()
		if len(s.all) > 0 {
			return false, s.rest()
		}
		s.next++
	case c == '#' && !s.open:
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			s.next += end
			return true, nil
		}
		return false, nil
	case c == '|':
		return false, nil
	case strings.IndexByte(";&<>()", c) >= 0:
		return false, s.control(c)
	default:
		s.begin()
		return true, s.part(rest)
	}
	return true, nil
}

func (s *splitter) escape(rest string) *Error {
	if len(rest) == 1 {
		return s.errorf(s.next, "the line ends in a backslash: something is missing")
	}
	s.begin()
	s.word.WriteByte(rest[1])
	s.next += 2
	return nil
}

// rest makes sure that only one command stands here.
func (s *splitter) rest() *Error {
	for line := range strings.Lines(s.line[s.next:]) {
		if text := strings.TrimSpace(line); text != "" && text[0] != '#' {
			return s.errorf(s.next+strings.Index(s.line[s.next:], text), "a second command: give one, whose lines end in a backslash but for the last")
		}
	}
	return nil
}

// control says what a sign means to the shell that has no meaning here.
func (s *splitter) control(c byte) *Error {
	switch c {
	case '&':
		return s.errorf(s.next, "an & that is not quoted ends the command: put the URL in quotes")
	case '<', '>':
		return s.errorf(s.next, "a redirection is no part of the request: leave it out")
	case ';':
		return s.errorf(s.next, "a ; that is not quoted ends the command: give one command")
	default:
		return s.errorf(s.next, "%c must be quoted", c)
	}
}

// part reads a quoted part of a word, or one byte of it.
func (s *splitter) part(rest string) *Error {
	switch {
	case rest[0] == '\'':
		return s.single()
	case rest[0] == '"':
		return s.double()
	case strings.HasPrefix(rest, "$'"):
		s.next++
		return s.ansi()
	case strings.HasPrefix(rest, "$\""):
		s.next++
		return s.double()
	case strings.HasPrefix(rest, "^\""):
		return s.errorf(s.next, `this is written for cmd of Windows: copy it "as cURL (bash)"`)
	case isExpansion(rest):
		return s.expansion()
	}
	s.word.WriteByte(rest[0])
	s.next++
	return nil
}

// isExpansion says that bash would put something else in place of what s begins with.
func isExpansion(s string) bool {
	if s[0] == '`' {
		return true
	}
	if s[0] != '$' || len(s) == 1 {
		return false
	}
	c := s[1]
	return c == '{' || c == '(' || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("?!@*#$", c) >= 0
}

func (s *splitter) expansion() *Error {
	return s.errorf(s.next, "what the shell would put here is not known: write the value itself")
}

func (s *splitter) single() *Error {
	end := strings.IndexByte(s.line[s.next+1:], '\'')
	if end < 0 {
		return s.unclosed()
	}
	s.word.WriteString(s.line[s.next+1 : s.next+1+end])
	s.next += end + 2
	return nil
}

func (s *splitter) unclosed() *Error { return s.errorf(s.next, "this quote is not closed") }

func (s *splitter) double() *Error {
	for i := s.next + 1; i < len(s.line); i++ {
		switch c := s.line[i]; {
		case c == '"':
			s.next = i + 1
			return nil
		case c == '\\' && i+1 < len(s.line) && s.line[i+1] == '\n':
			i++
		case c == '\\' && i+1 < len(s.line) && strings.IndexByte("$`\"\\", s.line[i+1]) >= 0:
			i++
			s.word.WriteByte(s.line[i])
		case isExpansion(s.line[i:]):
			s.next = i
			return s.expansion()
		default:
			s.word.WriteByte(c)
		}
	}
	return s.unclosed()
}
