package condition

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"
)

// maxValue bounds the text of an observed value, in bytes.
const maxValue = 200

// An Observation is one part of a condition that was evaluated, and what it came to.
type Observation struct {
	Expression   string // as CEL writes it
	Line, Column int    // where it begins within the text, from 1, the column in bytes
	Value        string // at most 200 bytes, strings quoted; "" when there is an Err
	Err          string
}

// observing is the environment whose parser remembers how macros were written.
var observing = sync.OnceValues(func() (*cel.Env, error) {
	env, err := environment()
	if err != nil {
		return nil, err
	}
	return env.Extend(cel.EnableMacroCallTracking())
})

// Observe evaluates the condition and returns what it looked at: variables, claims, headers,
// parameters of the query, comparisons, and whatever else is true or false, in the order of the
// text. What was not evaluated, because the rest decided, is left out, and so is what in a macro
// depends on the element. Observe compiles the text again: it is for a person who asks why.
func (c *Condition) Observe(in *Input) (seen []Observation) {
	defer func() {
		if r := recover(); r != nil {
			seen = nil
		}
	}()
	if c == nil || c.program == nil || in == nil {
		return nil
	}
	env, err := observing()
	if err != nil {
		return nil
	}
	plan, err := prepare(env, c.text, c.params)
	if err != nil {
		return nil
	}
	program, err := env.PlanProgram(plan.checked, cel.EvalOptions(cel.OptTrackState))
	if err != nil {
		return nil
	}
	a := &activation{in: in, meter: meter{left: c.budget}}
	_, details, _ := program.Eval(a)
	written, issues := env.Parse(c.text)
	if details == nil || issues.Err() != nil {
		return nil
	}
	o := &observer{plan: plan, written: written.NativeRep(), state: details.State()}
	o.expr(o.written.Expr(), false)
	slices.SortStableFunc(o.seen, func(a, b Observation) int {
		return slices.Compare([]int{a.Line, a.Column}, []int{b.Line, b.Column})
	})
	return slices.Compact(o.seen)
}

// An observer goes through a condition as it was written and looks up what was evaluated.
// Parsing numbers expressions in the same way each time.
type observer struct {
	*plan
	written *ast.AST
	state   interpreter.EvalState
	seen    []Observation
}

// expr notes what is worth it of an expression and those below. Within says that e is a part
// of a variable or of a claim that was noted, of which only the keys are worth it.
func (o *observer) expr(e ast.Expr, within bool) {
	path := o.isPath(e)
	if !within && o.isWorth(e) && !o.dependsOnElement(e) {
		defer o.note(e) // after its parts
	}
	switch e.Kind() {
	case ast.SelectKind:
		o.expr(e.AsSelect().Operand(), path)
	case ast.CallKind:
		for i, operand := range operands(e.AsCall()) {
			o.expr(operand, path && i == 0)
		}
	case ast.ListKind:
		o.exprs(e.AsList().Elements()...)
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			o.exprs(entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		o.exprs(c.IterRange(), c.AccuInit())
		outer := o.locals
		o.locals = append(slices.Clip(outer), c.IterVar(), c.AccuVar())
		o.exprs(c.LoopStep(), c.Result())
		o.locals = outer
	default: // has no parts
	}
}

func (o *observer) exprs(list ...ast.Expr) {
	for _, e := range list {
		o.expr(e, false)
	}
}

// dependsOnElement says that an expression mentions a variable of a macro around it.
func (o *observer) dependsOnElement(e ast.Expr) bool {
	depends := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		depends = depends || e.Kind() == ast.IdentKind && slices.Contains(o.locals, e.AsIdent())
	}))
	return depends
}

// isPath says that an expression is a variable or leads to a part of one: user.claims.a[0].
func (o *observer) isPath(e ast.Expr) bool {
	if o.names[e.ID()] != "" {
		return true
	}
	switch e.Kind() {
	case ast.SelectKind:
		return o.isPath(e.AsSelect().Operand())
	case ast.CallKind:
		switch call := e.AsCall(); call.FunctionName() {
		case "header", "query":
			return true
		case "_[_]", "_[?_]", "_?._":
			return o.isPath(call.Args()[0])
		}
	default:
	}
	return false
}

// isWorth says that who asks why wants to see an expression.
func (o *observer) isWorth(e ast.Expr) bool {
	switch e.Kind() {
	case ast.CallKind:
		switch e.AsCall().FunctionName() {
		case "_&&_", "_||_", "!_", "_?:_":
			return false
		}
	case ast.LiteralKind, ast.IdentKind:
		return false
	default:
	}
	return o.isPath(e) || o.checked.GetType(e.ID()).Kind() == types.BoolKind
}

// note adds an expression that was evaluated.
func (o *observer) note(e ast.Expr) {
	value, ok := o.state.Value(e.ID())
	if !ok {
		return
	}
	text, err := parser.Unparse(e, o.written.SourceInfo())
	if err != nil {
		return
	}
	line, column := position(o.text, o.start(o.written, e))
	seen := Observation{Expression: text, Line: line, Column: column}
	if failure, isErr := value.(*types.Err); isErr {
		seen.Err = explainEvaluation(failure.Error())
		if seen.Err == "index out of bounds: 0" && strings.HasPrefix(text, actorsVariable+"[0]") && strings.Count(text, "[") == 1 {
			seen.Err = "nobody acts for the user: the token has no act"
		}
	} else {
		seen.Value = show(value)
	}
	o.seen = append(o.seen, seen)
}

// show writes a value.
func show(v ref.Val) string {
	text := types.Format(v)
	if s, ok := v.(types.String); ok {
		text = strconv.Quote(string(s))
	}
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue-len("…")], "") + "…"
	}
	return text
}
