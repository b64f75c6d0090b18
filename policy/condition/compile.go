package condition

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// A Compiler compiles the conditions of one load. Equal texts with equal parameters share one
// Condition. A Compiler is not safe for concurrent use; the zero Compiler is ready for use.
type Compiler struct {
	environments map[string]*cel.Env // by the signature of the parameters
	known        map[string]*Condition
}

// NewCompiler returns a Compiler. It costs nothing before the first condition.
func NewCompiler() *Compiler { return &Compiler{} }

// Compile compiles a condition that may read these parameters. The error is Errors.
func (c *Compiler) Compile(text string, params []Param) (*Condition, error) {
	signature := fmt.Sprint(params)
	key := signature + "\x00" + text
	if known := c.known[key]; known != nil {
		return known, nil
	}
	env, err := c.environment(signature, params)
	if err != nil {
		return nil, Errors{{1, 1, err.Error()}}
	}
	compiled, err := compile(env, text, slices.Clone(params))
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = map[string]*Condition{}
	}
	c.known[key] = compiled
	return compiled, nil
}

func (c *Compiler) environment(signature string, params []Param) (*cel.Env, error) {
	if env := c.environments[signature]; env != nil {
		return env, nil
	}
	env, err := environment(params)
	if err != nil {
		return nil, err
	}
	if c.environments == nil {
		c.environments = map[string]*cel.Env{}
	}
	c.environments[signature] = env
	return env, nil
}

// environment is the base and these parameters.
func environment(params []Param) (*cel.Env, error) {
	env, err := base()
	if err != nil || len(params) == 0 {
		return env, err
	}
	var options []cel.EnvOption
	for _, p := range params {
		of := cel.StringType
		if p.Rest {
			of = cel.ListType(cel.StringType)
		}
		options = append(options, cel.Variable("params."+p.Name, of))
	}
	return env.Extend(options...)
}

// check parses and type-checks a text, and refuses what could cost too much.
func check(env *cel.Env, text string, params []Param) (*cel.Ast, uint64, error) {
	f := &faults{text: text}
	if len(text) > MaxText {
		f.add(0, "this condition has %d bytes: at most %d are read", len(text), MaxText)
		return nil, 0, f.err()
	}
	checked, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		f.issues(issues, params)
		return nil, 0, f.err()
	}
	if checked.OutputType().Kind() != types.BoolKind {
		f.result(checked.OutputType())
		return nil, 0, f.err()
	}
	f.literals(checked.NativeRep())
	cost, err := env.EstimateCost(checked, estimator{})
	if err != nil {
		f.add(0, "what it costs cannot be estimated: %v", err)
	}
	if cost.Max > MaxCost {
		f.add(0, "this condition could cost %d, and at most %d are allowed: use fewer loops within loops", cost.Max, MaxCost)
	}
	return checked, cost.Max, f.err()
}

// compile turns a panic of the library into an error: a policy must never stop the process.
func compile(env *cel.Env, text string, params []Param) (c *Condition, err error) {
	defer func() {
		if p := recover(); p != nil {
			c, err = nil, Errors{{1, 1, "this condition cannot be compiled: write it in another way"}}
		}
	}()
	checked, cost, err := check(env, text, params)
	if err != nil {
		return nil, err
	}
	c = &Condition{text: text, params: params, cost: cost}
	c.reads(checked.NativeRep())
	makeStrict(checked.NativeRep())
	if c.program, err = env.Program(checked, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return nil, Errors{{1, 1, err.Error()}}
	}
	return c, nil
}

// reads finds the variables and headers that an expression reads.
func (c *Condition) reads(checked *ast.AST) {
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.IdentKind, ast.SelectKind:
			if ref := checked.ReferenceMap()[e.ID()]; ref != nil && strings.Contains(ref.Name, ".") {
				c.variables = append(c.variables, ref.Name)
			}
		case ast.CallKind:
			if call := e.AsCall(); call.FunctionName() == headerFunction {
				c.headers = append(c.headers, string(call.Args()[1].AsLiteral().(types.String)))
			}
		default: // nothing else reads
		}
	}))
	slices.Sort(c.variables)
	slices.Sort(c.headers)
	c.variables, c.headers = slices.Compact(c.variables), slices.Compact(c.headers)
}

// offset is a time zone as CEL takes it, beside the names of the database.
var offset = regexp.MustCompile(`^[+-]\d{2}:\d{2}$`)

// literals refuses patterns and time zones that are not written out: what they cost, and whether
// there are such, must be known before any request comes.
func (f *faults) literals(checked *ast.AST) {
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		args := call.Args()
		switch name := call.FunctionName(); {
		case name == matchesFunction:
			pattern, ok := literal(args[len(args)-1])
			if !ok {
				f.at(checked, args[len(args)-1], "the pattern of matches is written out in quotes")
			} else if size := instructions(pattern); size > maxRegex {
				f.at(checked, args[len(args)-1], "this pattern compiles to %d instructions, and at most %d are allowed: repeat less", size, maxRegex)
			}
		case strings.HasPrefix(name, "get") && len(args) == 1:
			zone, ok := literal(args[0])
			if !ok {
				f.at(checked, args[0], "a time zone is written out in quotes")
				return
			}
			if _, err := time.LoadLocation(zone); (err != nil || zone == "Local") && !offset.MatchString(zone) {
				f.at(checked, args[0], "there is no time zone %q: write one as in \"Europe/Berlin\" or \"+02:00\"", zone)
			}
		}
	}))
}

// instructions is the size of a pattern that is known to be one.
func instructions(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// at reports a fault of one part of an expression.
func (f *faults) at(checked *ast.AST, e ast.Expr, format string, args ...any) {
	at, _ := checked.SourceInfo().GetOffsetRange(e.ID())
	f.add(beginning(f.text, at.Start), format, args...)
}
