package condition

import (
	"net/netip"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// meterVariable is the meter of an evaluation.
const meterVariable = "@meter"

// A rewriter makes of a checked condition what is evaluated: comparisons that are strict about
// types, calls that read the request as variables, arguments that were written out as values,
// and, when the condition may cost too much, a meter in every place whose cost depends on the
// request.
type rewriter struct {
	*plan
	bodies  map[int64]float64 // of each macro, the cost of one element; nil: no meter
	dynamic map[string]int    // variables of the macros around whose type is not certain
	next    int64             // id of the next new expression
}

// rewrite rewrites the checked condition in place.
func (p *plan) rewrite(bodies map[int64]float64) {
	w := &rewriter{plan: p, bodies: bodies, dynamic: map[string]int{}, next: ast.MaxID(p.checked) + 1}
	w.one(p.checked.Expr())
}

// one rewrites an expression and those below, and says whether its value may have another
// type than the checker thinks: it comes from a claim. The checker lets dyn be anything, so
// its own word is not enough.
func (w *rewriter) one(e ast.Expr) (dynamic bool) {
	switch e.Kind() {
	case ast.IdentKind:
		dynamic = w.dynamic[e.AsIdent()] > 0
	case ast.SelectKind:
		dynamic = w.one(e.AsSelect().Operand())
	case ast.CallKind:
		dynamic = w.function(e)
	case ast.ListKind:
		dynamic = w.each(e.AsList().Elements())
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			dynamic = w.each([]ast.Expr{entry.AsMapEntry().Key(), entry.AsMapEntry().Value()}) || dynamic
		}
		w.literal(e)
	case ast.ComprehensionKind:
		dynamic = w.loop(e)
	default: // a literal
	}
	return dynamic || isDynamic(w.checked.GetType(e.ID()))
}

// each rewrites every expression and says whether one is dynamic.
func (w *rewriter) each(list []ast.Expr) (dynamic bool) {
	for _, e := range list {
		dynamic = w.one(e) || dynamic
	}
	return dynamic
}

// isDynamic says that values of a type may contain anything.
func isDynamic(t *types.Type) bool {
	if k := t.Kind(); k == types.DynKind || k == types.AnyKind || k == types.NullTypeKind || k == types.TypeParamKind {
		return true
	}
	for _, parameter := range t.Parameters() {
		if isDynamic(parameter) {
			return true
		}
	}
	return false
}

// loop rewrites a macro.
func (w *rewriter) loop(e ast.Expr) bool {
	c := e.AsComprehension()
	elements, start := w.one(c.IterRange()), w.one(c.AccuInit())
	w.mark(c.IterVar(), elements, 1)
	w.mark(c.AccuVar(), start, 1)
	inside := w.each([]ast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()})
	w.mark(c.IterVar(), elements, -1)
	w.mark(c.AccuVar(), start, -1)
	if !isBinding(c) {
		w.iterate(e, c)
	}
	return elements || start || inside
}

// mark notes that a variable of a macro is dynamic, or takes that back.
func (w *rewriter) mark(name string, dynamic bool, by int) {
	if dynamic {
		w.dynamic[name] += by
	}
}

// iterate makes a macro go through the keys of a map in order, and stop when the meter says so.
func (w *rewriter) iterate(e ast.Expr, c ast.ComprehensionExpr) {
	elements, condition := c.IterRange(), c.LoopCondition()
	if w.checked.GetType(elements.ID()).Kind() != types.ListKind {
		of := elements
		elements = w.factory.NewUnspecifiedExpr(w.id(types.DynType))
		w.strict(elements, rangeFunction, of)
	}
	if w.bodies != nil {
		cost := w.constant(types.Int(step * w.bodies[e.ID()]))
		both := w.factory.NewCall(w.id(types.BoolType), "_&&_", w.new(iterateFunction, w.meter(), cost), condition)
		w.checked.SetReference(both.ID(), ast.NewFunctionReference("logical_and"))
		condition = both
	}
	e.SetKindCase(w.factory.NewComprehensionTwoVar(e.ID(), elements, c.IterVar(), c.IterVar2(), c.AccuVar(),
		c.AccuInit(), condition, c.LoopStep(), c.Result()))
}

// id returns the id of a new expression of a type.
func (w *rewriter) id(t *types.Type) int64 {
	id := w.next
	w.next++
	w.checked.SetType(id, t)
	return id
}

func (w *rewriter) constant(v ref.Val) ast.Expr {
	return w.factory.NewLiteral(w.id(types.DynType), v)
}

// meter returns a new expression for the meter.
func (w *rewriter) meter() ast.Expr {
	e := w.factory.NewIdent(w.id(types.DynType), meterVariable)
	w.checked.SetReference(e.ID(), ast.NewIdentReference(meterVariable, nil))
	return e
}

// new returns a new call of an inner function.
func (w *rewriter) new(function string, args ...ast.Expr) ast.Expr {
	e := w.factory.NewCall(w.id(types.DynType), function, args...)
	w.checked.SetReference(e.ID(), ast.NewFunctionReference(function))
	return e
}

// become makes an expression a call of an inner function.
func (w *rewriter) become(e ast.Expr, function string, args ...ast.Expr) {
	e.SetKindCase(w.factory.NewCall(e.ID(), function, args...))
	w.checked.SetReference(e.ID(), ast.NewFunctionReference(function))
}

// strict makes an expression a call of an inner function, with the meter if there is one.
func (w *rewriter) strict(e ast.Expr, function string, args ...ast.Expr) {
	if w.bodies == nil {
		w.become(e, function, args...)
		return
	}
	w.become(e, metered(function), append([]ast.Expr{w.meter()}, args...)...)
}

// function rewrites a call after its operands.
func (w *rewriter) function(e ast.Expr) bool {
	call := e.AsCall()
	args := operands(call)
	dynamic := w.each(args)
	name := call.FunctionName()
	switch {
	case name == "header" || name == "query":
		w.input(e, name, call)
	case name == "matches":
		pattern, _ := textOf(args[1])
		w.strict(e, matchesFunction, args[0], w.constant(constant[compiledPattern]{of: w.patterns[pattern]}))
	case clockField(name) != nil && len(args) == 2:
		text, _ := textOf(args[1])
		location, _ := zone(text)
		w.become(e, clockFunction, args[0], w.constant(constant[zonedField]{of: zonedField{location, clockField(name)}}))
	case len(args) == 1 && !call.IsMemberFunction() && args[0].Kind() == ast.LiteralKind && w.convert(e, name, args[0].AsLiteral()):
	case strictFunction(name) != "":
		w.operator(e, strictFunction(name), args, dynamic)
	case w.bodies != nil:
		w.charge(e, call)
	}
	return dynamic
}

// strictFunction returns the inner function that stands for an operator, "" for others.
func strictFunction(operator string) string {
	switch operator {
	case "_==_":
		return equalFunction
	case "_!=_":
		return notEqualFunction
	case "_<_":
		return lessFunction
	case "_<=_":
		return lessEqualFunction
	case "_>_":
		return greaterFunction
	case "_>=_":
		return greaterEqualFunction
	case "@in":
		return containsFunction
	case "_+_":
		return addFunction
	}
	return ""
}

// operator rewrites an operator if its operands may have other types than the checker thinks,
// or if there is a meter and they may be large. What macros add to their result stays.
func (w *rewriter) operator(e ast.Expr, function string, args []ast.Expr, dynamic bool) {
	for i, arg := range args {
		if other := args[1-i]; w.isNull(arg) && !w.isNull(other) && !isDynamic(w.checked.GetType(other.ID())) {
			w.add(w.start(w.checked, other), "this is never null: it is an error when it is not there")
		}
	}
	large := w.isLarge(args[1]) && (function == containsFunction || w.isLarge(args[0]))
	switch {
	case function == addFunction && isAccumulator(args[0]):
	case dynamic, w.bodies != nil && large, function == addFunction && w.checked.GetType(e.ID()).Kind() == types.ListKind:
		w.strict(e, function, args...)
	}
}

// isNull says that an expression is null and nothing else.
func (w *rewriter) isNull(e ast.Expr) bool {
	return w.checked.GetType(e.ID()).Kind() == types.NullTypeKind
}

// isLarge says that the size of an expression's value depends on the request.
func (w *rewriter) isLarge(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return false
	case ast.ListKind:
		return slices.ContainsFunc(e.AsList().Elements(), w.isLarge)
	default:
	}
	switch w.checked.GetType(e.ID()).Kind() {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.TimestampKind, types.DurationKind, types.NullTypeKind, types.TypeKind:
		return false
	default:
		return true
	}
}

// charge makes a function pay for those of its arguments that may be large, if it goes
// through them.
func (w *rewriter) charge(e ast.Expr, call ast.CallExpr) {
	payment := readFunction
	switch call.FunctionName() {
	case "_[_]", "_[?_]": // which looks for a key, and not through the map
		e.SetKindCase(w.factory.NewCall(e.ID(), call.FunctionName(), call.Args()[0], w.paid(payment, call.Args()[1])))
		return
	case "size", "contains", "startsWith", "endsWith", "bytes", "string":
	case "optional.unwrap", "unwrapOpt":
		payment = payFunction
	case "bool", "double", "duration", "int", "timestamp", "uint", "ip", "cidr", "isIP", "isCIDR", "ip.isCanonical", "containsIP", "containsCIDR":
		payment = parseFunction
	default:
		return
	}
	args := make([]ast.Expr, len(call.Args()))
	for i, arg := range call.Args() {
		args[i] = w.paid(payment, arg)
	}
	if call.IsMemberFunction() {
		e.SetKindCase(w.factory.NewMemberCall(e.ID(), call.FunctionName(), w.paid(payment, call.Target()), args...))
		return
	}
	e.SetKindCase(w.factory.NewCall(e.ID(), call.FunctionName(), args...))
}

// paid returns an expression whose value is paid for.
func (w *rewriter) paid(payment string, e ast.Expr) ast.Expr {
	if !w.isLarge(e) {
		return e
	}
	return w.new(payment, w.meter(), e)
}

// input makes header("x") and query("x") variables.
func (w *rewriter) input(e ast.Expr, name string, call ast.CallExpr) {
	text, _ := textOf(call.Args()[0])
	variable := headerVariable + text
	if name == "query" {
		variable = queryVariable + text
	}
	id := e.ID()
	if w.bodies != nil {
		id = w.id(w.checked.GetType(e.ID()))
	}
	values := w.factory.NewIdent(id, variable)
	w.checked.SetReference(id, ast.NewIdentReference(variable, nil))
	if w.bodies != nil {
		w.become(e, payFunction, w.meter(), values)
		return
	}
	e.SetKindCase(values)
}

// convert makes the conversion of a literal its value. It was checked to have one.
func (w *rewriter) convert(e ast.Expr, function string, literal ref.Val) bool {
	text, _ := literal.Value().(string)
	var v ref.Val
	switch to := conversionType(function); {
	case function == "ip":
		addr, _ := netip.ParseAddr(text)
		v = ext.IP{Addr: addr}
	case function == "cidr":
		prefix, _ := netip.ParsePrefix(text)
		v = ext.CIDR{Prefix: prefix}
	case to != nil:
		v = literal.ConvertToType(to)
	default:
		return false
	}
	e.SetKindCase(w.factory.NewLiteral(e.ID(), v))
	return true
}
