package condition

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/containers"
)

// paramsGroup is the group of the variables of a path template.
const paramsGroup = "params"

// A resolver finds what each name of a parsed condition stands for, before the types are
// checked, so that a wrong name is reported with the right one. Variables of the path template
// become segments of the path.
type resolver struct {
	*faults
	env       *cel.Env
	ast       *ast.AST
	factory   ast.ExprFactory
	params    map[string]Param
	locals    []string // variables of the macros around
	variables map[string]bool
	headers   map[string]bool
	names     map[int64]string // what a variable was called where it was written
	patterns  map[string]compiledPattern
	depth     int
}

func newResolver(f *faults, env *cel.Env, parsed *ast.AST, params []Param) *resolver {
	r := &resolver{
		faults: f, env: env, ast: parsed, factory: ast.NewExprFactory(), params: map[string]Param{},
		variables: map[string]bool{}, headers: map[string]bool{}, names: map[int64]string{}, patterns: map[string]compiledPattern{},
	}
	for _, p := range params {
		r.params[p.Name] = p
	}
	return r
}

func (r *resolver) headerNames() []string   { return slices.Sorted(maps.Keys(r.headers)) }
func (r *resolver) variableNames() []string { return slices.Sorted(maps.Keys(r.variables)) }

// place returns the offset of an expression.
func place(a *ast.AST, e ast.Expr) int32 {
	offsets, _ := a.SourceInfo().GetOffsetRange(e.ID())
	return offsets.Start
}

// start returns the offset at which an expression begins.
func (f *faults) start(a *ast.AST, e ast.Expr) int32 {
	first := f.anchor(place(a, e))
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if offsets, ok := a.SourceInfo().GetOffsetRange(e.ID()); ok {
			first = min(first, f.anchor(offsets.Start))
		}
	}))
	return first
}

// fail reports a fault at an expression.
func (r *resolver) fail(e ast.Expr, format string, args ...any) {
	r.add(r.anchor(place(r.ast, e)), format, args...)
}

// all resolves expressions.
func (r *resolver) all(list ...ast.Expr) {
	for _, e := range list {
		r.expr(e)
	}
}

// expr resolves one expression and those below.
func (r *resolver) expr(e ast.Expr) {
	if r.depth++; r.depth > MaxDepth {
		if r.depth == MaxDepth+1 {
			r.fail(e, "the condition is nested deeper than %d levels", MaxDepth)
		}
		r.depth--
		return
	}
	defer func() { r.depth-- }()
	switch e.Kind() {
	case ast.IdentKind:
		r.ident(e)
	case ast.SelectKind:
		r.field(e)
	case ast.CallKind:
		r.call(e)
	case ast.ListKind:
		r.all(e.AsList().Elements()...)
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.all(entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		r.fail(e, "there are no messages here: write a map, as in {\"key\": value}")
	case ast.ComprehensionKind:
		r.comprehension(e)
	default: // a literal
	}
}

// comprehension resolves what a macro such as exists() became.
func (r *resolver) comprehension(e ast.Expr) {
	c := e.AsComprehension()
	r.all(c.IterRange(), c.AccuInit())
	for _, name := range []string{c.IterVar(), c.IterVar2(), c.AccuVar()} {
		if isGroup(name) {
			r.fail(e, "%s stands for the variables that every condition has: choose another name", name)
		}
	}
	outer := r.locals
	r.locals = append(slices.Clip(outer), c.IterVar(), c.IterVar2(), c.AccuVar())
	r.all(c.LoopCondition(), c.LoopStep(), c.Result())
	r.locals = outer
}

// ident resolves a name that stands alone.
func (r *resolver) ident(e ast.Expr) {
	switch name := strings.TrimPrefix(e.AsIdent(), "."); {
	case slices.Contains(r.locals, name), isTypeName(name):
	case name == paramsGroup:
		r.fail(e, "params has no value of its own: %s", r.paramAdvice())
	case isGroup(name):
		r.fail(e, "%s has no value of its own: write %s", name, members(name))
	default:
		r.fail(e, "unknown variable %s%s", shorten(name), r.guess(name))
	}
}

// field resolves a.b, where a may be a group and b one of its variables.
func (r *resolver) field(e ast.Expr) {
	sel := e.AsSelect()
	group, ok := groupOf(sel.Operand())
	switch {
	case !ok:
		r.expr(sel.Operand())
		r.actorField(e, sel.Operand(), sel.FieldName())
	case sel.IsTestOnly():
		r.fail(e, "has() asks about a claim, as in has(user.claims.department): %s.%s is no claim", group, sel.FieldName())
	case group == paramsGroup:
		r.param(e, sel.FieldName())
	default:
		r.variable(e, group+"."+sel.FieldName())
	}
}

// groupOf returns the group of variables that an expression names.
func groupOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.IdentKind {
		return "", false
	}
	name := strings.TrimPrefix(e.AsIdent(), ".")
	return name, isGroup(name)
}

func (r *resolver) variable(e ast.Expr, name string) {
	if !isVariable(name) {
		r.fail(e, "unknown variable %s%s", shorten(name), r.guess(name))
		return
	}
	r.use(e, name, name)
}

func (r *resolver) param(e ast.Expr, name string) {
	p, ok := r.params[name]
	if !ok {
		r.fail(e, "unknown variable params.%s: %s", shorten(name), r.paramAdvice())
		return
	}
	inner := segmentVariable
	if p.Rest {
		inner = restVariable
	}
	r.use(e, paramsGroup+"."+name, inner+strconv.Itoa(p.Segment))
}

// use makes an expression the variable that is called inner when the condition is evaluated.
func (r *resolver) use(e ast.Expr, name, inner string) {
	r.variables[name] = true
	r.names[e.ID()] = name
	e.SetKindCase(r.factory.NewIdent(e.ID(), inner))
}

// call resolves a function and its arguments.
func (r *resolver) call(e ast.Expr) {
	call := e.AsCall()
	name := call.FunctionName()
	if call.IsMemberFunction() {
		if prefix, ok := containers.ToQualifiedName(call.Target()); ok && r.env.HasFunction(prefix+"."+name) {
			name = prefix + "." + name // the target is no value: optional.of
		} else {
			r.expr(call.Target())
		}
	}
	if group, ok := optionalOf(call); ok {
		r.fail(e, "only a claim can be asked for with .?, as in user.claims.?department: %s has none", group)
		return
	}
	if !r.env.HasFunction(name) {
		r.fail(e, "unknown function %s()%s", shorten(name), r.guessFunction(name))
		return
	}
	r.all(call.Args()...)
	r.literals(e, name)
}

// optionalOf returns the group that an optional selection such as user.?acr asks.
func optionalOf(call ast.CallExpr) (string, bool) {
	if call.FunctionName() != "_?._" || len(call.Args()) == 0 {
		return "", false
	}
	return groupOf(call.Args()[0])
}
