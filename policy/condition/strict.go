package condition

import (
	"math"
	"regexp"

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
	matchesFunction = "matches"
	boundedFunction = "@bounded"
	strictMatches   = "@matches"
	strictEqual     = "@eq"
	strictNotEqual  = "@ne"
	strictLess      = "@lt"
	strictLessEq    = "@le"
	strictGreater   = "@gt"
	strictGreatEq   = "@ge"
	strictIn        = "@in_strict"
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
	strictEqual:    same,
	strictNotEqual: func(a, b ref.Val) ref.Val { return not(same(a, b)) },
	strictLess:     func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c < 0 }) },
	strictLessEq:   func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c <= 0 }) },
	strictGreater:  func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c > 0 }) },
	strictGreatEq:  func(a, b ref.Val) ref.Val { return ordered(a, b, func(c int) bool { return c >= 0 }) },
	strictIn:       in,
}

// makeStrict puts functions of our own in place of CEL's where a type is not known, and wherever
// the size of what a request brings would otherwise decide how long it takes.
func makeStrict(checked *ast.AST) {
	factory := ast.NewExprFactory()
	next := int64(0)
	for id := range checked.IDs() {
		next = max(next, id)
	}
	call := func(e ast.Expr, name string, args ...ast.Expr) {
		e.SetKindCase(factory.NewCall(e.ID(), name, args...))
		checked.SetReference(e.ID(), ast.NewFunctionReference(name))
	}
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.ComprehensionKind:
			c := e.AsComprehension()
			next++
			within := factory.NewUnspecifiedExpr(next)
			call(within, boundedFunction, c.IterRange())
			e.SetKindCase(factory.NewComprehension(e.ID(), within, c.IterVar(), c.AccuVar(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()))
		case ast.CallKind:
			args := e.AsCall().Args()
			if name := e.AsCall().FunctionName(); name == matchesFunction {
				text := args[0]
				if e.AsCall().IsMemberFunction() {
					text = e.AsCall().Target()
				}
				pattern, _ := literal(args[len(args)-1])
				next++
				call(e, strictMatches, text, factory.NewLiteral(next, regexVal{Regexp: regexp.MustCompile(pattern)}))
			} else if strict := strictFor[name]; strict != "" && len(args) == 2 && (!isScalar(checked.GetType(args[0].ID())) || !isScalar(checked.GetType(args[1].ID()))) {
				call(e, strict, args...)
			}
		default: // nothing else compares or loops
		}
	}))
}

// isScalar says that a value of the type has no parts, and that the type is known.
func isScalar(t *types.Type) bool {
	if t == nil {
		return false
	}
	switch t.Kind() {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind, types.BytesKind, types.TimestampKind, types.DurationKind, types.NullTypeKind, types.TypeKind:
		return true
	case types.OpaqueKind:
		return len(t.Parameters()) == 0
	default:
		return false
	}
}

// bounded is the list or map that a loop goes through.
func bounded(v ref.Val) ref.Val {
	if sizer, ok := v.(traits.Sizer); ok {
		if n, ok := sizer.Size().(types.Int); !ok || n > maxEntries {
			return types.NewErr("a %s of %d entries is looked through: at most %d can be", v.Type().TypeName(), n, maxEntries)
		}
	}
	return v
}

// regexVal is a pattern that was compiled when the condition was.
type regexVal struct {
	opaque
	*regexp.Regexp
}

func matches(text, pattern ref.Val) ref.Val {
	s, ok := text.(types.String)
	p, isPattern := pattern.(regexVal)
	switch {
	case types.IsUnknownOrError(text):
		return text
	case !ok || !isPattern:
		return types.NewErr("a %s is matched with a pattern", text.Type().TypeName())
	case len(s) > maxValue:
		return types.NewErr("a text of %d bytes is matched with a pattern: at most %d can be", len(s), maxValue)
	}
	return types.Bool(p.MatchString(string(s)))
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

// A counted comparison looks at a bounded number of parts.
type counted struct{ left int }

func same(a, b ref.Val) ref.Val { return (&counted{maxEntries}).equal(a, b) }

// equal compares deeply. Sizes and keys that differ are unequal; else a part of another type is
// an error.
func (c *counted) equal(a, b ref.Val) ref.Val {
	if c.left--; c.left < 0 {
		return types.NewErr("values of more than %d parts are compared", maxEntries)
	}
	if types.IsUnknownOrError(a) {
		return a
	}
	if types.IsUnknownOrError(b) {
		return b
	}
	if sign, numbers := compareNumbers(a, b); numbers {
		if i, ok := sign.(types.Int); ok {
			return types.Bool(i == 0)
		}
		return sign
	}
	switch a := a.(type) {
	case *types.Optional:
		return c.equalOptional(a, b)
	case traits.Mapper:
		if b, ok := b.(traits.Mapper); ok {
			return c.equalMap(a, b)
		}
		return mismatch(a, b)
	case traits.Lister:
		if b, ok := b.(traits.Lister); ok {
			return c.equalList(a, b)
		}
		return mismatch(a, b)
	}
	if a.Type().TypeName() != b.Type().TypeName() {
		return mismatch(a, b)
	}
	return a.Equal(b)
}

func (c *counted) equalOptional(a *types.Optional, b ref.Val) ref.Val {
	other, ok := b.(*types.Optional)
	switch {
	case !ok:
		return mismatch(a, b)
	case a.HasValue() && other.HasValue():
		return c.equal(a.GetValue(), other.GetValue())
	default:
		return types.Bool(a.HasValue() == other.HasValue())
	}
}

func (c *counted) equalList(a, b traits.Lister) ref.Val {
	if a.Size().Equal(b.Size()) != types.True {
		return types.False
	}
	verdict := ref.Val(types.True)
	for i, n := types.Int(0), a.Size().(types.Int); i < n; i++ {
		switch same := c.equal(a.Get(i), b.Get(i)); {
		case types.IsUnknownOrError(same):
			return same
		case same != types.True:
			verdict = types.False
		}
	}
	return verdict
}

func (c *counted) equalMap(a, b traits.Mapper) ref.Val {
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
		switch same := c.equal(mine, value); {
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
	if large := bounded(container); types.IsError(large) {
		return large
	}
	verdict := ref.Val(types.False)
	for it := iterable.Iterator(); it.HasNext() == types.True; {
		switch same := same(v, it.Next()); {
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
