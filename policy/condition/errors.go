package condition

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// MaxErrors bounds the faults that are reported of one condition.
const MaxErrors = 10

// An Error is one fault of a condition's text. Line and Column count from 1 within the text,
// the column in bytes.
type Error struct {
	Line, Column int
	Message      string // what is wrong, and what to write
}

// Error returns the place and the message.
func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message) }

// Errors are the faults of one condition, by position: at least one, at most MaxErrors.
type Errors []*Error

// Error has a line for each fault.
func (e Errors) Error() string {
	var lines []string
	for _, fault := range e {
		lines = append(lines, fault.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each *Error.
func (e Errors) Unwrap() []error {
	var all []error
	for _, fault := range e {
		all = append(all, fault)
	}
	return all
}

// faults collects the errors of one text.
type faults struct {
	text string
	list Errors
}

// add reports a fault at an offset, which counts code points as the parser does.
func (f *faults) add(offset int32, format string, args ...any) {
	line, column := position(f.text, offset)
	f.list = append(f.list, &Error{line, column, fmt.Sprintf(format, args...)})
}

// anchor moves an offset at which the parser has a call or a field to where a reader begins:
// from the bracket to the name before it, from the dot to the start of the variable.
func (f *faults) anchor(offset int32) int32 {
	runes := []rune(f.text)
	if int(offset) >= len(runes) || !strings.ContainsRune("({.", runes[offset]) {
		return offset
	}
	isName := func(r rune) bool {
		return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || runes[offset] == '.' && r == '.'
	}
	first := offset
	for first > 0 && isName(runes[first-1]) {
		first--
	}
	return first
}

// err returns what was reported, sorted, without repetitions and bounded.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
	})
	f.list = slices.CompactFunc(f.list, func(a, b *Error) bool { return *a == *b })
	return f.list[:min(len(f.list), MaxErrors)]
}

// position returns the line and the column, from 1 and in bytes, of the code point at offset.
func position(text string, offset int32) (line, column int) {
	line, start := 1, 0
	for i, r := range text {
		if offset--; offset < 0 {
			return line, i - start + 1
		}
		if r == '\n' {
			line, start = line+1, i+1
		}
	}
	return line, len(text) - start + 1
}
