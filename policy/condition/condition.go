package condition

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// A Condition is a compiled condition. It is immutable and safe for concurrent use. The zero
// Condition never holds.
type Condition struct {
	text      string
	params    []Param
	program   cel.Program
	budget    int64 // steps of the meter; 0: there is none
	headers   []string
	variables []string
	later     bool // others than the current actor are looked at
	cost      uint64
}

// errZero is what the zero Condition has to say.
var errZero = errors.New("there is no condition")

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

// ReadsActors says that the condition reads who acts for the user.
func (c *Condition) ReadsActors() bool { return slices.Contains(c.variables, actorsVariable) }

// ReadsActorsBeyondFirst says that the condition looks at others than the current actor, who alone is
// to decide (RFC 8693 section 4.1). user.actors[0], how many there are, and whether there are any, is not
// that; whatever else is done with the list is.
func (c *Condition) ReadsActorsBeyondFirst() bool { return c.later }

// Cost returns what one evaluation costs at worst, at most MaxCost.
func (c *Condition) Cost() uint64 { return c.cost }

// Eval says whether the condition holds for this input. It is total: it never panics, never
// waits, and costs at most MaxCost. With an error, which says what could not be evaluated, the
// answer is false.
func (c *Condition) Eval(in *Input) (holds bool, err error) {
	if c == nil || c.program == nil || in == nil {
		return false, errZero
	}
	a := activations.Get().(*activation)
	*a = activation{in: in, meter: meter{left: c.budget}}
	holds, err = c.eval(a)
	*a = activation{}
	activations.Put(a)
	return holds, err
}

// activations are used again: what an evaluation reads of them does not outlive it.
var activations = sync.Pool{New: func() any { return new(activation) }}

func (c *Condition) eval(a *activation) (holds bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			holds, err = false, fmt.Errorf("internal error: %v", r)
		}
	}()
	value, _, err := c.program.Eval(a)
	// What was stopped may look like a result: of &&, of ||, or of a macro that went through
	// a part of its list.
	if a.meter.left < 0 {
		return false, errTooCostly
	}
	if err != nil {
		return false, evaluationError{err}
	}
	result, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("the condition is %s, and neither true nor false", typeOf(value))
	}
	return bool(result), nil
}

// An evaluationError is what CEL says, in other words where they help.
type evaluationError struct{ of error }

// Error returns the message. It is made when somebody reads it: most errors are only counted.
func (e evaluationError) Error() string { return explainEvaluation(e.of.Error()) }

// Unwrap returns what CEL says.
func (e evaluationError) Unwrap() error { return e.of }
