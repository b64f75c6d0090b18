package condition

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// maxKeys bounds the maps of a condition whose keys may have any type. A map is the only type
// with two parts: where a macro gives both parts the type of its variable, as in
// optMap(x, {x: x}), the type is twice as long as before, and the checker writes types out.
// Every other type has one part, and takes no more of them than the text has operators. So no
// type is longer than the text times 2 to the power of maxKeys.
const maxKeys = 4

// A keyCounter counts the places of a resolved condition that make a map whose keys may have
// any type, or that find out about one: literals and look-ups. It knows the types of too little
// to count only those, and leaves out what is certain.
type keyCounter struct {
	*resolver
	plain map[string]bool // variables of the macros around
	count int
}

// checkKeys refuses a condition that has too many.
func (r *resolver) checkKeys(root ast.Expr) {
	k := &keyCounter{resolver: r, plain: map[string]bool{}}
	k.expr(root)
}

// expr counts in an expression and those below.
func (k *keyCounter) expr(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		k.expr(e.AsSelect().Operand())
	case ast.CallKind:
		k.function(e)
	case ast.ListKind:
		k.exprs(e.AsList().Elements())
	case ast.MapKind:
		k.literal(e)
	case ast.ComprehensionKind:
		k.loop(e.AsComprehension())
	default: // has no parts
	}
}

func (k *keyCounter) exprs(list []ast.Expr) {
	for _, e := range list {
		k.expr(e)
	}
}

// found counts one.
func (k *keyCounter) found(e ast.Expr) {
	if k.count++; k.count == maxKeys+1 {
		k.fail(e, "a condition may have %d maps with keys that a macro or another map makes, and this is one more: write the keys out", maxKeys)
	}
}

// literal counts a map. The keys of an empty one have a type that is still to be found.
func (k *keyCounter) literal(e ast.Expr) {
	entries, open := e.AsMap().Entries(), e.AsMap().Size() == 0
	for _, entry := range entries {
		key := entry.AsMapEntry().Key()
		open = open || !k.isPlain(key)
		k.exprs([]ast.Expr{key, entry.AsMapEntry().Value()})
	}
	if open {
		k.found(e)
	}
}

// function counts a look-up in what may turn out to be a map. What is only compared with an
// empty map, or has one as its alternative, says nothing of its keys.
func (k *keyCounter) function(e ast.Expr) {
	args := operands(e.AsCall())
	switch name := e.AsCall().FunctionName(); {
	case len(args) != 2:
	case name == operators.Index || name == operators.OptIndex:
		if !k.isPlain(args[0]) && !k.isPlain(args[1]) {
			k.found(e)
		}
	case name == operators.In:
		if !k.isPlain(args[0]) && !k.isPlain(args[1]) && args[1].Kind() != ast.ListKind {
			k.found(e)
		}
	case name == operators.Equals || name == operators.NotEquals || name == "orValue":
		args = slices.DeleteFunc(slices.Clone(args), func(arg ast.Expr) bool {
			return arg.Kind() == ast.MapKind && arg.AsMap().Size() == 0 && (k.isPlain(args[0]) || k.isPlain(args[1]))
		})
	}
	k.exprs(args)
}

// loop counts in a macro.
func (k *keyCounter) loop(c ast.ComprehensionExpr) {
	k.exprs([]ast.Expr{c.IterRange(), c.AccuInit()})
	outer := k.plain
	k.plain = map[string]bool{}
	for name, plain := range outer {
		k.plain[name] = plain
	}
	k.plain[c.AccuVar()] = isBinding(c) && k.isPlain(c.AccuInit())
	k.plain[c.IterVar()] = !isBinding(c) && k.isPlain(c.IterRange())
	k.exprs([]ast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()})
	k.plain = outer
}

// isPlain says that the type of an expression is certain, and that no map literal is in it: a
// literal, a variable of the request or what comes from one, a function that always returns the
// same type, and lists of those.
func (k *keyCounter) isPlain(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return true
	case ast.IdentKind:
		plain, isLocal := k.plain[strings.TrimPrefix(e.AsIdent(), ".")]
		return plain || !isLocal
	case ast.SelectKind:
		return e.AsSelect().IsTestOnly() || k.isPlain(e.AsSelect().Operand())
	case ast.ListKind:
		return e.AsList().Size() > 0 && k.arePlain(e.AsList().Elements())
	case ast.CallKind:
		return k.isPlainCall(e.AsCall())
	default:
		return false
	}
}

func (k *keyCounter) arePlain(list []ast.Expr) bool {
	return !slices.ContainsFunc(list, func(e ast.Expr) bool { return !k.isPlain(e) })
}

func (k *keyCounter) isPlainCall(call ast.CallExpr) bool {
	args := operands(call)
	switch call.FunctionName() {
	case operators.Index, operators.OptIndex, operators.Add, operators.Conditional:
		return k.arePlain(args)
	case operators.OptSelect:
		return k.isPlain(args[0])
	case "orValue": // whose alternative is of the type of the value
		return k.isPlain(args[0]) && (isOptionalSelect(args[0]) || k.arePlain(args))
	case "value":
		return isOptionalSelect(args[0]) && k.isPlain(args[0])
	}
	function := k.env.Functions()[call.FunctionName()]
	if function == nil {
		return false
	}
	for _, overload := range function.OverloadDecls() {
		if hasParameter(overload.ResultType()) {
			return false
		}
	}
	return true
}

// isOptionalSelect says that an expression is x.?y, which is optional whatever x is.
func isOptionalSelect(e ast.Expr) bool {
	return e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.OptSelect
}

// hasParameter says that a part of a type is chosen for each call.
func hasParameter(t *types.Type) bool {
	return t.Kind() == types.TypeParamKind || slices.ContainsFunc(t.Parameters(), hasParameter)
}
