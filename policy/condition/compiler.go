package condition

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"

	"github.com/postern/postern/policy/template"
)

// A Param is a variable of the path template of the route that the condition stands on.
type Param struct {
	Name    string
	Segment int  // the value is Path[Segment]
	Rest    bool // the value is the list Path[Segment:]
}

// ParamsOf returns the variables of a path template.
func ParamsOf(t template.Template) []Param {
	var params []Param
	for i, s := range t.Segments() {
		if s.Variable != "" {
			params = append(params, Param{Name: s.Variable, Segment: i, Rest: s.Rest})
		}
	}
	return params
}

// A Compiler compiles the conditions of one load. Equal texts with equal parameters share one
// Condition. A Compiler is not safe for concurrent use; the zero Compiler is ready for use.
type Compiler struct {
	known map[string]*Condition
}

// NewCompiler returns a Compiler. It costs nothing before the first condition.
func NewCompiler() *Compiler { return &Compiler{} }

// Compile compiles a condition that may read these parameters. The error is Errors.
func (c *Compiler) Compile(text string, params []Param) (*Condition, error) {
	key := text
	if strings.Contains(text, paramsGroup) {
		key = fmt.Sprintf("%s\x00%v", text, params)
	} else {
		params = nil
	}
	if known := c.known[key]; known != nil {
		return known, nil
	}
	compiled, err := compile(text, params)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string]*Condition{}
	}
	c.known[key] = compiled
	return compiled, nil
}

// compile is Compile without the memory.
func compile(text string, params []Param) (c *Condition, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = nil, Errors{{1, 1, fmt.Sprintf("internal error: %v", r)}}
		}
	}()
	env, err := environment()
	if err != nil {
		return nil, Errors{{1, 1, "internal error: " + err.Error()}}
	}
	plan, err := prepare(env, text, params)
	if err != nil {
		return nil, err
	}
	program, err := env.PlanProgram(plan.checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		plan.add(0, "%v", err)
		return nil, plan.err()
	}
	return &Condition{
		text:      text,
		params:    params,
		program:   program,
		budget:    plan.budget,
		cost:      plan.cost,
		headers:   plan.headerNames(),
		variables: plan.variableNames(),
		later:     plan.later,
	}, nil
}

// checkText refuses what need not be parsed.
func (f *faults) checkText(params []Param) error {
	switch {
	case strings.TrimSpace(f.text) == "":
		f.add(0, "the condition is empty")
	case len(f.text) > MaxText:
		f.add(0, "the condition has %d bytes, and at most %d are allowed", len(f.text), MaxText)
	case !utf8.ValidString(f.text):
		f.add(0, "the condition is not UTF-8")
	}
	for _, p := range params {
		if p.Segment < 0 || p.Segment >= MaxSegment {
			f.add(0, "params.%s is segment %d of the path, and a path has at most %d", p.Name, p.Segment, MaxSegment)
		}
	}
	return f.err()
}
