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

// beginning returns where the path of names begins, of which the point or bracket is at offset.
func beginning(text string, offset int32) int32 {
	runes := []rune(text)
	at := int(min(max(offset, 0), int32(len(runes))))
	if at == len(runes) || runes[at] != '.' && runes[at] != '[' {
		return int32(at)
	}
	for at > 0 && (runes[at-1] == '_' || runes[at-1] == '.' || runes[at-1] == '?' || unicode.IsLetter(runes[at-1]) || unicode.IsDigit(runes[at-1])) {
		at--
	}
	return int32(at)
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
