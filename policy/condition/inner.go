package condition

import (
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The functions of compiled conditions, which nobody can write. Each has a form that is given
// a meter first, for conditions that may cost too much.
const (
	equalFunction        = "@equal"
	notEqualFunction     = "@not_equal"
	lessFunction         = "@less"
	lessEqualFunction    = "@less_equal"
	greaterFunction      = "@greater"
	greaterEqualFunction = "@greater_equal"
	containsFunction     = "@contains"
	addFunction          = "@add"
	matchesFunction      = "@matches"
	clockFunction        = "@clock"
	payFunction          = "@pay"
	readFunction         = "@read"
	parseFunction        = "@parse"
	rangeFunction        = "@range"
	iterateFunction      = "@iterate"
	keyFunction          = "@key"
)

// metered is the name of the form of a function that is given a meter, and of its overload.
func metered(function string) string { return function + "_metered" }

// innerFunctions declares them. Their arguments have been checked as those of what they stand
// for, so their types say nothing.
func innerFunctions() []cel.EnvOption {
	options := []cel.EnvOption{
		binary(clockFunction, clock),
		binary(payFunction, paying((*meter).pay)),
		binary(readFunction, paying((*meter).payText)),
		binary(parseFunction, paying(func(m *meter, v ref.Val) bool {
			text, _ := v.(types.String)
			return m.spend(int(byteCost * step * float64(len(text))))
		})),
		cel.Function(rangeFunction, cel.Overload(rangeFunction, []*cel.Type{cel.DynType}, cel.DynType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return elements(nil, v) }))),
		cel.Function(keyFunction, cel.Overload(keyFunction, []*cel.Type{cel.DynType}, cel.DynType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return key(nil, v) }))),
		binary(metered(keyFunction), func(m, v ref.Val) ref.Val { return key(m.(*meter), v) }),
		binary(metered(rangeFunction), func(m, v ref.Val) ref.Val { return elements(m.(*meter), v) }),
		binary(iterateFunction, func(m, cost ref.Val) ref.Val {
			return types.Bool(m.(*meter).spend(int(cost.(types.Int))))
		}),
	}
	for name, function := range map[string]func(m *meter, a, b ref.Val) ref.Val{
		equalFunction:        func(m *meter, a, b ref.Val) ref.Val { return verdict(m.equal(a, b)) },
		notEqualFunction:     func(m *meter, a, b ref.Val) ref.Val { return negation(m.equal(a, b)) },
		lessFunction:         order(func(n int) bool { return n < 0 }),
		lessEqualFunction:    order(func(n int) bool { return n <= 0 }),
		greaterFunction:      order(func(n int) bool { return n > 0 }),
		greaterEqualFunction: order(func(n int) bool { return n >= 0 }),
		containsFunction:     func(m *meter, a, b ref.Val) ref.Val { return verdict(m.contains(a, b)) },
		addFunction:          add,
		matchesFunction:      matches,
	} {
		options = append(options,
			binary(name, func(a, b ref.Val) ref.Val { return function(nil, a, b) }),
			cel.Function(metered(name), cel.Overload(metered(name),
				[]*cel.Type{cel.DynType, cel.DynType, cel.DynType}, cel.DynType,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val { return function(args[0].(*meter), args[1], args[2]) }))))
	}
	return options
}

// paying makes a function that pays for a value and returns it.
func paying(pay func(m *meter, v ref.Val) bool) func(m, v ref.Val) ref.Val {
	return func(m, v ref.Val) ref.Val {
		if !pay(m.(*meter), v) {
			return overrun()
		}
		return v
	}
}

// binary declares a function of two arguments.
func binary(name string, f func(a, b ref.Val) ref.Val) cel.EnvOption {
	return cel.Function(name, cel.Overload(name, []*cel.Type{cel.DynType, cel.DynType}, cel.DynType, cel.BinaryBinding(f)))
}

func verdict(holds bool, err error) ref.Val {
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(holds)
}

func negation(holds bool, err error) ref.Val { return verdict(!holds, err) }

// order makes a comparison of what a value's place is before or after another.
func order(holds func(int) bool) func(m *meter, a, b ref.Val) ref.Val {
	return func(m *meter, a, b ref.Val) ref.Val {
		n, err := m.compare(a, b)
		return verdict(holds(n), err)
	}
}

// add is + for strings, for lists and for claims, which may be either or numbers.
func add(m *meter, a, b ref.Val) ref.Val {
	left, ok := a.(traits.Lister)
	if !ok {
		adder, ok := a.(traits.Adder)
		if !ok {
			return types.NoSuchOverloadErr()
		}
		if !m.pay(a) || !m.pay(b) {
			return overrun()
		}
		return adder.Add(b)
	}
	return concatenate(m, left, b)
}

// concatenate copies two lists into one. CEL's own would be a view: with views of views,
// looking at one element takes many steps, which no meter would see.
func concatenate(m *meter, a traits.Lister, other ref.Val) ref.Val {
	b, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if !m.pay(a) || !m.pay(b) {
		return overrun()
	}
	n, _ := a.Size().(types.Int)
	elements := make([]ref.Val, 0, n)
	for _, list := range []traits.Lister{a, b} {
		for it := list.Iterator(); it.HasNext() == types.True; {
			elements = append(elements, it.Next())
		}
	}
	return types.NewRefValList(adapter{}, elements)
}

// matches is matches() with a pattern that is compiled.
func matches(m *meter, text, pattern ref.Val) ref.Val {
	s, ok := text.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(text)
	}
	compiled := pattern.(constant[compiledPattern]).of
	if !m.spend(int(step * matchingCost(float64(len(s)), compiled.instructions))) {
		return overrun()
	}
	return types.Bool(compiled.MatchString(string(s)))
}

// A zonedField is what a function such as getHours("Europe/Berlin") reads of a time.
type zonedField struct {
	location *time.Location
	field    func(time.Time) int
}

// clock reads a field of a time in a time zone that is loaded.
func clock(when, what ref.Val) ref.Val {
	t, ok := when.(types.Timestamp)
	if !ok {
		return types.MaybeNoSuchOverloadErr(when)
	}
	z := what.(constant[zonedField]).of
	return types.Int(z.field(t.In(z.location)))
}
