package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits bound a JSON text. The zero Limits accept nothing.
type Limits struct {
	Depth  int // of nested objects and arrays, the outermost included
	Values int // members and elements in all; a member, which has a name, counts twice
}

// maxNumber is the length of the longest number, in bytes. A float64 needs 24.
const maxNumber = 32

// ParseObject reads one JSON object (RFC 8259) and nothing beside it. Values are string,
// bool, nil, json.Number, map[string]any and []any. Refused are duplicate members at any
// depth, bytes that are not UTF-8, escapes of half a surrogate pair and of NUL, numbers over
// 32 bytes or with an exponent over three digits. An error holds no part of the text.
func ParseObject(text []byte, limits Limits) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	p := parser{text: string(text), limits: limits} // of which the strings below are parts
	p.space()
	if p.peek() != '{' {
		return nil, p.errorf("not an object")
	}
	object, err := p.object(1)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.next != len(p.text) {
		return nil, p.errorf("something follows the object")
	}
	return object, nil
}

// A parser is somewhere in a text.
type parser struct {
	text   string
	next   int // the first byte not read
	values int // members, twice, and elements so far
	limits Limits
}

// A member is one of an object.
type member struct {
	name  string
	value any
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{p.next}, args...)...)
}

// peek returns the next byte, and 0, which no valid JSON has outside nothing, at the end.
func (p *parser) peek() byte {
	if p.next == len(p.text) {
		return 0
	}
	return p.text[p.next]
}

// accept steps over c and says whether it was there.
func (p *parser) accept(c byte) bool {
	if p.peek() != c || c == 0 {
		return false
	}
	p.next++
	return true
}

func (p *parser) space() {
	for {
		switch p.peek() {
		case ' ', '\t', '\n', '\r':
			p.next++
		default:
			return
		}
	}
}

// count takes one more value of the budget.
func (p *parser) count() error {
	if p.values++; p.values > p.limits.Values {
		return p.errorf("more than %d values", p.limits.Values)
	}
	return nil
}

func (p *parser) value(depth int) (any, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		return p.string()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case p.literal("true"):
		return true, nil
	case p.literal("false"):
		return false, nil
	case p.literal("null"):
		return nil, nil
	}
	return nil, p.errorf("no value")
}

func (p *parser) literal(word string) bool {
	if len(p.text)-p.next < len(word) || p.text[p.next:p.next+len(word)] != word {
		return false
	}
	p.next += len(word)
	return true
}

func (p *parser) object(depth int) (map[string]any, error) {
	if depth > p.limits.Depth {
		return nil, p.errorf("nested deeper than %d", p.limits.Depth)
	}
	p.next++ // {
	p.space()
	if p.accept('}') {
		return map[string]any{}, nil
	}
	var few [16]member
	members := few[:0] // so that the map is made once and in its size
	for {
		m, err := p.member(depth)
		if err != nil {
			return nil, err
		}
		members = append(members, m)
		if p.accept('}') {
			return p.mapOf(members)
		}
		if !p.accept(',') {
			return nil, p.errorf("no comma or closing brace after a member")
		}
	}
}

// mapOf returns the object whose members were read.
func (p *parser) mapOf(members []member) (map[string]any, error) {
	object := make(map[string]any, len(members))
	for _, m := range members {
		object[m.name] = m.value
	}
	if len(object) < len(members) {
		return nil, p.errorf("a duplicate member in the object that ends here")
	}
	return object, nil
}

// member reads one member, and the white space around it.
func (p *parser) member(depth int) (member, error) {
	p.space()
	if p.peek() != '"' {
		return member{}, p.errorf("no member name")
	}
	if err := p.count(); err != nil { // beside its value's
		return member{}, err
	}
	name, err := p.string()
	if err != nil {
		return member{}, err
	}
	p.space()
	if !p.accept(':') {
		return member{}, p.errorf("no colon after a member name")
	}
	p.space()
	v, err := p.value(depth + 1)
	p.space()
	return member{name, v}, err
}

func (p *parser) array(depth int) ([]any, error) {
	if depth > p.limits.Depth {
		return nil, p.errorf("nested deeper than %d", p.limits.Depth)
	}
	p.next++ // [
	array := []any{}
	p.space()
	if p.accept(']') {
		return array, nil
	}
	for {
		p.space()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
		p.space()
		if p.accept(']') {
			return array, nil
		}
		if !p.accept(',') {
			return nil, p.errorf("no comma or closing bracket after an element")
		}
	}
}

// number reads a number as it is written: RFC 8259 section 6.
func (p *parser) number() (json.Number, error) {
	start := p.next
	p.accept('-')
	if !p.accept('0') && p.digits() == 0 {
		return "", p.errorf("no digit in a number")
	}
	if p.accept('.') && p.digits() == 0 {
		return "", p.errorf("no digit after a decimal point")
	}
	if p.accept('e') || p.accept('E') {
		if !p.accept('+') {
			p.accept('-')
		}
		if n := p.digits(); n == 0 || n > 3 {
			return "", p.errorf("an exponent of %d digits", n)
		}
	}
	if n := p.next - start; n > maxNumber {
		return "", p.errorf("a number of %d bytes", n)
	}
	return json.Number(p.text[start:p.next]), nil
}

// digits steps over digits and returns how many.
func (p *parser) digits() int {
	start := p.next
	for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
		p.next++
	}
	return p.next - start
}
