package differential_test

import (
	"fmt"
	"strconv"
	"strings"
)

// An expr is a condition or a part of one. It is never modified once it is made.
type expr struct {
	op   string // below, or an operator as CEL spells it
	text string // a name, or a literal as CEL spells it
	lit  any    // the value of a literal
	args []*expr
}

// The operations that are no operators of CEL.
const (
	opLiteral  = "literal"  // text, which is lit
	opName     = "name"     // text: request.method
	opParam    = "param"    // params.text
	opField    = "field"    // args[0].text, of a claim
	opHas      = "has"      // has(args[0].text)
	opOptional = "optional" // args[0].?text.?more.orValue(args[1]); text has the names with a blank between
	opHasValue = "hasValue" // args[0].?text.hasValue()
	opIndex    = "index"    // args[0][args[1]]
	opList     = "list"     // [args...]
	opCall     = "call"     // text(args...)
	opMethod   = "method"   // args[0].text(args[1:]...)
	opMacro    = "macro"    // args[0].text(e, args[1])
	opChoice   = "?:"
)

func literal(text string, value any) *expr { return &expr{op: opLiteral, text: text, lit: value} }

func textLiteral(s string) *expr { return literal("'"+s+"'", s) }

func intLiteral(i int64) *expr { return literal(strconv.FormatInt(i, 10), i) }

func name(s string) *expr { return &expr{op: opName, text: s} }

func call(name string, args ...*expr) *expr { return &expr{op: opCall, text: name, args: args} }

func method(name string, args ...*expr) *expr { return &expr{op: opMethod, text: name, args: args} }

func binary(op string, a, b *expr) *expr { return &expr{op: op, args: []*expr{a, b}} }

func negation(a *expr) *expr { return &expr{op: "!", args: []*expr{a}} }

// The element of a list inside of a macro.
const element = "e"

func (e *expr) String() string {
	switch e.op {
	case opLiteral, opName:
		return e.text
	case opParam:
		return "params." + e.text
	case opField:
		return fmt.Sprintf("%s.%s", e.args[0], e.text)
	case opHas:
		return fmt.Sprintf("has(%s.%s)", e.args[0], e.text)
	case opOptional:
		return fmt.Sprintf("%s%s.orValue(%s)", e.args[0], optionalNames(e.text), e.args[1])
	case opHasValue:
		return fmt.Sprintf("%s%s.hasValue()", e.args[0], optionalNames(e.text))
	case opIndex:
		return fmt.Sprintf("%s[%s]", e.args[0], e.args[1])
	case opList:
		return "[" + join(e.args) + "]"
	case opCall:
		return e.text + "(" + join(e.args) + ")"
	case opMethod:
		return fmt.Sprintf("%s.%s(%s)", e.args[0], e.text, join(e.args[1:]))
	case opMacro:
		return fmt.Sprintf("%s.%s(%s, %s)", e.args[0], e.text, element, e.args[1])
	case "!":
		return fmt.Sprintf("!(%s)", e.args[0])
	case opChoice:
		return fmt.Sprintf("(%s ? %s : %s)", e.args[0], e.args[1], e.args[2])
	}
	return fmt.Sprintf("(%s %s %s)", e.args[0], e.op, e.args[1])
}

func optionalNames(names string) string { return ".?" + strings.ReplaceAll(names, " ", ".?") }

func join(args []*expr) string {
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// mentions says that the text of a name begins with prefix somewhere in the expression.
func (e *expr) mentions(prefix string) bool {
	if e.op == opName && strings.HasPrefix(e.text, prefix) {
		return true
	}
	for _, a := range e.args {
		if a.mentions(prefix) {
			return true
		}
	}
	return false
}

// headers appends the names of the headers that the expression reads.
func (e *expr) headers(names []string) []string {
	if e.op == opCall && e.text == "header" {
		return append(names, e.args[0].lit.(string))
	}
	for _, a := range e.args {
		names = a.headers(names)
	}
	return names
}
