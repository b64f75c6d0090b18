package condition

import (
	"math"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// CEL says of two values of different types that they are not equal. Of a claim that is nobody's
// intention: `user.claims.blocked != true` must not hold because the issuer sent "true". So where
// the type of an operand is known only when the request is there, comparisons of our own take
// the place of CEL's, to which another type is an error.
const (
	strictEqual    = "@eq"
	strictNotEqual = "@ne"
	strictLess     = "@lt"
	strictLessEq   = "@le"
	strictGreater  = "@gt"
	strictGreatEq  = "@ge"
	strictIn       = "@in_strict"
)

var strictFor = map[string]string{
	operators.Equals:        strictEqual,
	operators.NotEquals:     strictNotEqual,
	operators.Less:          strictLess,
	operators.LessEquals:    strictLessEq,
	operators.Greater:       strictGreater,
	operators.GreaterEquals: strictGreatEq,
	operators.In:            strictIn,
}

var comparisons = map[string]func(a, b ref.Val) ref.Val{
	strictEqual:    equal,
	strictNotEqual: func(a, b ref.Val) ref.Val { return not(equal(a, b)) },
	strictLess:     func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c < 0 }) },
	strictLessEq:   func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c <= 0 }) },
	strictGreater:  func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c > 0 }) },
	strictGreatEq:  func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c >= 0 }) },
	strictIn:       in,
}

// makeStrict puts our comparisons in place of CEL's wherever a type is not known.
func makeStrict(checked *ast.AST) {
	factory := ast.NewExprFactory()
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		name, ok := strictFor[call.FunctionName()]
		if !ok || len(call.Args()) != 2 || !isDynamic(checked.GetType(call.Args()[0].ID())) && !isDynamic(checked.GetType(call.Args()[1].ID())) {
			return
		}
		args := call.Args()
		e.SetKindCase(factory.NewCall(e.ID(), name, args[0], args[1]))
		checked.SetReference(e.ID(), ast.NewFunctionReference(name))
	}))
}

// isDynamic says that values of the type, or within them, are of types not known.
func isDynamic(t *types.Type) bool {
	if t == nil {
		return true
	}
	switch t.Kind() {
	case types.DynKind, types.AnyKind, types.ErrorKind, types.UnknownKind, types.TypeParamKind:
		return true
	}
	for _, p := range t.Parameters() {
		if isDynamic(p) {
			return true
		}
	}
	return false
}

func not(v ref.Val) ref.Val {
	if b, ok := v.(types.Bool); ok {
		return !b
	}
	return v
}

func mismatch(a, b ref.Val) ref.Val {
	return types.NewErr("a %s is compared with a %s", a.Type().TypeName(), b.Type().TypeName())
}

// equal compares deeply. Sizes and keys that differ are unequal; else a part of another type is
// an error.
func equal(a, b ref.Val) ref.Val {
	if types.IsUnknownOrError(a) {
		return a
	}
	if types.IsUnknownOrError(b) {
		return b
	}
	if c, numbers := compareNumbers(a, b); numbers {
		if i, ok := c.(types.Int); ok {
			return types.Bool(i == 0)
		}
		return c
	}
	switch a := a.(type) {
	case *types.Optional:
		return equalOptional(a, b)
	case traits.Mapper:
		if b, ok := b.(traits.Mapper); ok {
			return equalMap(a, b)
		}
		return mismatch(a, b)
	case traits.Lister:
		if b, ok := b.(traits.Lister); ok {
			return equalList(a, b)
		}
		return mismatch(a, b)
	}
	if a.Type().TypeName() != b.Type().TypeName() {
		return mismatch(a, b)
	}
	return a.Equal(b)
}

func equalOptional(a *types.Optional, b ref.Val) ref.Val {
	other, ok := b.(*types.Optional)
	switch {
	case !ok:
		return mismatch(a, b)
	case a.HasValue() && other.HasValue():
		return equal(a.GetValue(), other.GetValue())
	default:
		return types.Bool(a.HasValue() == other.HasValue())
	}
}

func equalList(a, b traits.Lister) ref.Val {
	if a.Size().Equal(b.Size()) != types.True {
		return types.False
	}
	verdict := ref.Val(types.True)
	for i, n := types.Int(0), a.Size().(types.Int); i < n; i++ {
		switch same := equal(a.Get(i), b.Get(i)); {
		case types.IsUnknownOrError(same):
			return same
		case same != types.True:
			verdict = types.False
		}
	}
	return verdict
}

func equalMap(a, b traits.Mapper) ref.Val {
	if a.Size().Equal(b.Size()) != types.True {
		return types.False
	}
	verdict := ref.Val(types.True)
	var failed ref.Val
	for it := a.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		value, found := b.Find(key)
		if !found {
			return types.False
		}
		mine, _ := a.Find(key)
		switch same := equal(mine, value); {
		case types.IsUnknownOrError(same):
			failed = same
		case same != types.True:
			verdict = types.False
		}
	}
	if failed != nil {
		return failed
	}
	return verdict
}

// in looks for a value in a list, or a key in a map: found beats an error, and an error beats
// "not found".
func in(v, container ref.Val) ref.Val {
	if types.IsUnknownOrError(v) {
		return v
	}
	if types.IsUnknownOrError(container) {
		return container
	}
	iterable, ok := container.(traits.Iterable)
	if !ok {
		return types.NewErr("a %s is looked for in a %s", v.Type().TypeName(), container.Type().TypeName())
	}
	verdict := ref.Val(types.False)
	for it := iterable.Iterator(); it.HasNext() == types.True; {
		switch same := equal(v, it.Next()); {
		case same == types.True:
			return same
		case types.IsUnknownOrError(same):
			verdict = same
		}
	}
	return verdict
}

// ordered compares numbers with numbers, and otherwise what is of one type and has an order.
func ordered(a, b ref.Val, is func(int) bool) ref.Val {
	if types.IsUnknownOrError(a) {
		return a
	}
	if types.IsUnknownOrError(b) {
		return b
	}
	c, numbers := compareNumbers(a, b)
	if !numbers {
		comparer, ok := a.(traits.Comparer)
		if !ok || a.Type().TypeName() != b.Type().TypeName() {
			return mismatch(a, b)
		}
		c = comparer.Compare(b)
	}
	if i, ok := c.(types.Int); ok {
		return types.Bool(is(int(i)))
	}
	return c
}

// exact is the greatest integer up to which a double holds every one.
const exact = 1 << 53

// compareNumbers compares two numbers. An integer that a double cannot hold is not compared with
// one.
func compareNumbers(a, b ref.Val) (c ref.Val, numbers bool) {
	if !isNumber(a) || !isNumber(b) {
		return nil, false
	}
	_, aDouble := a.(types.Double)
	_, bDouble := b.(types.Double)
	if aDouble != bDouble && (isInexact(a) || isInexact(b)) {
		return types.NewErr("an integer beyond 2^53 is compared with a double"), true
	}
	return a.(traits.Comparer).Compare(b), true
}

func isNumber(v ref.Val) bool {
	switch v.(type) {
	case types.Int, types.Uint, types.Double:
		return true
	}
	return false
}

func isInexact(v ref.Val) bool {
	switch v := v.(type) {
	case types.Int:
		return v > exact || v < -exact
	case types.Uint:
		return v > exact
	case types.Double:
		return math.IsNaN(float64(v))
	}
	return false
}
