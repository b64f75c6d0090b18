package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a template: far above what a person writes, far below what would hurt.
const (
	maxLength   = 2048 // bytes
	MaxSegments = 64
	maxVariable = 63 // bytes of a variable's name
)

// Parse reads a template. The error says what is wrong and what to write instead.
func Parse(text string) (Template, error) {
	switch {
	case !strings.HasPrefix(text, "/"):
		return Template{}, errors.New("a path begins with /")
	case len(text) > maxLength:
		return Template{}, fmt.Errorf("a path template has at most %d bytes", maxLength)
	case !utf8.ValidString(text):
		return Template{}, errors.New("a path is UTF-8")
	}
	count := strings.Count(text, "/")
	if count > MaxSegments {
		return Template{}, fmt.Errorf("a path template has at most %d segments", MaxSegments)
	}
	t := Template{text: text, ends: make([]uint16, 0, count)}
	for rest, more := text[1:], true; more; {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		segment, err := parseSegment(part, !more)
		if err != nil {
			return Template{}, err
		}
		if segment.Variable != "" && t.has(segment.Variable) {
			return Template{}, fmt.Errorf("the variable %s stands here twice", segment.Variable)
		}
		end := len(text)
		if more {
			end -= len(rest) + 1
		}
		t.ends = append(t.ends, uint16(end)) // which maxLength bounds
	}
	return t, nil
}

func (t Template) has(variable string) bool {
	for i := range t.Len() {
		if t.Segment(i).Variable == variable {
			return true
		}
	}
	return false
}

func parseSegment(part string, last bool) (Segment, error) {
	if part == "" && !last {
		return Segment{}, errors.New("a path segment is empty: only a trailing slash may stand for an empty one")
	}
	if part == "." || part == ".." {
		return Segment{}, errors.New("a path has no dot segments")
	}
	inner, opens := strings.CutPrefix(part, "{")
	inner, closes := strings.CutSuffix(inner, "}")
	if !opens || !closes {
		return Segment{Literal: part}, checkLiteral(part)
	}
	name, rest := strings.CutSuffix(inner, "...")
	if err := checkVariable(name); err != nil {
		return Segment{}, err
	}
	if rest && !last {
		return Segment{}, fmt.Errorf("{%s...} stands at the end only; {%s} is one segment", name, name)
	}
	return Segment{Variable: name, Rest: rest}, nil
}

// checkLiteral refuses what a canonical path never holds, and what other template languages
// mean by something else: a rule that silently never matches is a hole when it denies.
func checkLiteral(part string) error {
	if strings.HasPrefix(part, ":") {
		return fmt.Errorf("%q: a variable is written {%s}", part, part[1:])
	}
	for _, r := range part {
		if advice := adviceFor(r); advice != "" {
			return fmt.Errorf("%q in a path: %s", r, advice)
		}
	}
	return nil
}

func adviceFor(r rune) string {
	switch r {
	case '%':
		return "literals are written decoded, as the character itself"
	case '?':
		return "a path has no query"
	case '#':
		return "a path has no fragment"
	case ';':
		return "path parameters are not supported"
	case '\\':
		return "segments are separated by /"
	case '{', '}':
		return "a variable is a whole segment: {name}, or {name...} at the end"
	case '*':
		return "write {name} for one segment, {name...} for the rest"
	}
	if unicode.IsControl(r) {
		return "a path has no control characters"
	}
	return ""
}

// checkVariable holds names to what CEL can select: params.NAME.
func checkVariable(name string) error {
	switch {
	case name == "":
		return errors.New("a variable has a name: {name}")
	case len(name) > maxVariable:
		return fmt.Errorf("a variable's name has at most %d bytes", maxVariable)
	case slices.Contains([]string{"true", "false", "null", "in"}, name):
		return fmt.Errorf("a variable cannot be named %s: conditions use the word", name)
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return fmt.Errorf("%q is no variable name: letters, digits and underscores, not a digit first", name)
		}
	}
	return nil
}
