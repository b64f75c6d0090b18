package condition

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// The limits of a condition.
const (
	MaxText    = 4 << 10 // bytes of text
	MaxSegment = 128     // segments of a path
	MaxCost    = 100_000 // what one evaluation may cost, by estimate: about a millisecond
)

// A Param is a variable of the path template of the route that the condition stands on.
type Param struct {
	Name    string
	Segment int  // the value is Path[Segment]
	Rest    bool // the value is the list Path[Segment:]
}

// A Condition is a compiled condition. It is immutable and safe for concurrent use. The zero
// Condition never holds.
type Condition struct {
	text      string
	params    []Param
	headers   []string
	variables []string
	cost      uint64
	program   cel.Program
}

// Text returns the text as it was compiled.
func (c *Condition) Text() string { return c.text }

// Headers returns the names of the headers that the condition reads, sorted, in lower case.
// Whoever calls must not modify them.
func (c *Condition) Headers() []string { return c.headers }

// Variables returns the names of the variables that the condition reads, sorted, as they are
// written: user.subject, params.id. Whoever calls must not modify them.
func (c *Condition) Variables() []string { return c.variables }

// ReadsUser says that the condition mentions the user.
func (c *Condition) ReadsUser() bool {
	return slices.ContainsFunc(c.variables, func(name string) bool { return strings.HasPrefix(name, "user.") })
}

// Cost returns what one evaluation costs at worst, at most MaxCost.
func (c *Condition) Cost() uint64 { return c.cost }

// Eval says whether the condition holds for this input. It is total: it never panics, never
// waits and its cost is bounded. With an error, which says what could not be evaluated, the
// answer is false.
func (c *Condition) Eval(in *Input) (holds bool, err error) {
	if c == nil || c.program == nil || in == nil {
		return false, errors.New("there is no condition, or nothing to look at")
	}
	defer func() {
		if p := recover(); p != nil {
			holds, err = false, fmt.Errorf("the condition panicked with a %T", p)
		}
	}()
	result, _, err := c.program.Eval(&activation{in, c.params})
	if err != nil {
		return false, err
	}
	held, ok := result.(types.Bool)
	if !ok {
		return false, errors.New("the condition is neither true nor false")
	}
	return bool(held), nil
}

// An Observation is one part of a condition that was evaluated, and what it came to.
type Observation struct {
	Expression   string // as CEL writes it
	Line, Column int    // within the text, from 1, the column in bytes
	Value        string // at most 200 bytes, strings quoted; "" when there is an Err
	Err          string
}

// Observe evaluates the condition and returns what it looked at: variables, claims, headers,
// parameters of the query and comparisons, in the order of the text. What was not evaluated,
// because the rest decided, is left out. Observe compiles the text again: it is for a person
// who asks why.
func (c *Condition) Observe(in *Input) []Observation {
	if c == nil || c.program == nil || in == nil {
		return nil
	}
	return c.observe(in)
}
