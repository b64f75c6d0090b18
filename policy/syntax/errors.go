package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxErrors bounds the faults that are kept; the others are counted.
const MaxErrors = 50

// Errors are the faults of one load, sorted by position. errors.As finds each *Error.
type Errors struct {
	list []*Error
	more int
}

// Add takes in err, and what it joins. What is no *Error has no position.
func (e *Errors) Add(err error) {
	var many *Errors
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &many):
		for _, fault := range many.list {
			e.Add(fault)
		}
		e.more += many.more
	case len(e.list) == MaxErrors:
		e.more++
	case errors.As(err, &one):
		e.list = append(e.list, one)
	default:
		e.list = append(e.list, &Error{Message: err.Error()})
	}
}

// Err returns the faults as one error, nil when there are none.
func (e *Errors) Err() error {
	if len(e.list) == 0 {
		return nil
	}
	slices.SortStableFunc(e.list, func(a, b *Error) int { return a.Position.Compare(b.Position) })
	return e
}

// Error has a line for each fault, and one for how many more there are.
func (e *Errors) Error() string {
	var lines []string
	for _, line := range e.Unwrap() {
		lines = append(lines, line.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the lines of Error, each as an *Error; the one that counts the rest has no
// position.
func (e *Errors) Unwrap() []error {
	all := make([]error, 0, len(e.list)+1)
	for _, fault := range e.list {
		all = append(all, fault)
	}
	if e.more > 0 {
		all = append(all, &Error{Message: fmt.Sprintf("and %d more", e.more)})
	}
	return all
}
