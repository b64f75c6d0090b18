package condition

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// CEL says of two values of different types that they are not equal, and would so let a
// condition hold, or not hold, because a claim has another type than its author thought. Here
// comparing them is an error.

// maxExact bounds the integers that a double has all of, and those next to it (RFC 7493
// section 2.2).
const maxExact = 1<<53 - 1

// errInexact is for a comparison of numbers that rounding could decide.
var errInexact = errors.New("an integer above 2^53-1 cannot be compared with a number that has a fraction or an exponent: write both as integers")

// A mismatch is the comparison of two values of different types. Its text is made when it is
// read: a search may meet many, and only the first is told.
type mismatch struct{ a, b ref.Val }

// Error returns the message.
func (e mismatch) Error() string {
	advice := ""
	if e.a == types.NullValue || e.b == types.NullValue {
		advice = ": ask for its type() first"
	}
	return "cannot compare " + typeOf(e.a) + " with " + typeOf(e.b) + advice
}

// typeOf names the type of a value as CEL does.
func typeOf(v ref.Val) string {
	if v == types.NullValue {
		return "null"
	}
	return v.Type().TypeName()
}

// equal says whether two values are equal. It is an error when they have different types, or
// when they contain such values in the same place: of lists of one size, or of maps with the
// same keys. Lists and maps that already differ in that are not equal.
func (m *meter) equal(a, b ref.Val) (bool, error) {
	if !m.spend(step) || !m.pay(a) {
		return false, errTooCostly
	}
	if err := errorOf(a, b); err != nil {
		return false, err
	}
	if isNumber(a) && isNumber(b) {
		order, err := compareNumbers(a, b)
		return order == 0, err
	}
	switch x := a.(type) {
	case types.String:
		if y, ok := b.(types.String); ok {
			return x == y, nil
		}
	case traits.Lister:
		if y, ok := b.(traits.Lister); ok {
			return m.equalLists(x, y)
		}
	case traits.Mapper:
		if y, ok := b.(traits.Mapper); ok {
			return m.equalMaps(x, y)
		}
	case *types.Optional:
		if y, ok := b.(*types.Optional); ok {
			if !x.HasValue() || !y.HasValue() {
				return x.HasValue() == y.HasValue(), nil
			}
			return m.equal(x.GetValue(), y.GetValue())
		}
	default:
		if a.Type() == b.Type() {
			return a.Equal(b) == types.True, nil
		}
	}
	return false, mismatch{a, b}
}

// equalLists compares element by element. Lists of different sizes are not equal.
func (m *meter) equalLists(a, b traits.Lister) (bool, error) {
	if a.Size() != b.Size() {
		return false, nil
	}
	same := true
	for i := types.IntZero; i < a.Size().(types.Int); i++ {
		m.spend(2 * step) // to make the elements values
		// A later element may have another type, so a difference does not end the comparison.
		equal, err := m.equal(a.Get(i), b.Get(i))
		if err != nil {
			return false, err
		}
		same = same && equal
	}
	return same, nil
}

// equalMaps compares value by value. Maps with different keys are not equal.
func (m *meter) equalMaps(a, b traits.Mapper) (bool, error) {
	if a.Size() != b.Size() {
		return false, nil
	}
	if !m.spend(lookupCost * step * sizeOf(a)) {
		return false, errTooCostly
	}
	var pairs [][2]ref.Val
	for it := a.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		left, _ := a.Find(key)
		right, found := b.Find(key)
		if !found {
			return false, nil
		}
		pairs = append(pairs, [2]ref.Val{left, right})
	}
	same := true
	for _, pair := range pairs {
		equal, err := m.equal(pair[0], pair[1])
		if err != nil {
			return false, err
		}
		same = same && equal
	}
	return same, nil
}

// contains says whether a list has a value, or a map has a key. Without one that is equal, one
// of another type is an error.
func (m *meter) contains(v, container ref.Val) (bool, error) {
	if err := errorOf(v, container); err != nil {
		return false, err
	}
	if object, ok := container.(traits.Mapper); ok {
		if _, isJSON := object.Value().(map[string]any); isJSON && v.Type() == types.StringType {
			if !m.payText(v) {
				return false, errTooCostly
			}
			_, found := object.Find(v)
			return found, nil
		}
	}
	iterable, ok := container.(traits.Iterable)
	if !ok {
		return false, fmt.Errorf("cannot look for a value in %s: it is no list and no map", typeOf(container))
	}
	var failure error
	for it := iterable.Iterator(); it.HasNext() == types.True; {
		m.spend(2 * step) // to make the element a value
		equal, err := m.equal(it.Next(), v)
		switch {
		case errors.Is(err, errTooCostly): // which nothing makes good
			return false, err
		case equal && err == nil:
			return true, nil
		case failure == nil:
			failure = err
		}
	}
	return false, failure
}

// compare orders two values of one type.
func (m *meter) compare(a, b ref.Val) (int, error) {
	if !m.spend(step) || !m.pay(a) {
		return 0, errTooCostly
	}
	if err := errorOf(a, b); err != nil {
		return 0, err
	}
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b)
	}
	x, ok := a.(traits.Comparer)
	if !ok {
		return 0, fmt.Errorf("%s has no order", typeOf(a))
	}
	if a.Type() != b.Type() {
		return 0, mismatch{a, b}
	}
	order := x.Compare(b)
	n, ok := order.(types.Int)
	if !ok {
		return 0, errorOf(order, order)
	}
	return int(n), nil
}

// errorOf returns the error that one of two values is, nil when neither is one. A list may
// have one: a claim that has no meaning, such as a number that fits no type.
func errorOf(a, b ref.Val) error {
	if err, ok := a.(*types.Err); ok {
		return err
	}
	if err, ok := b.(*types.Err); ok {
		return err
	}
	return nil
}

func isNumber(v ref.Val) bool {
	switch v.(type) {
	case types.Int, types.Uint, types.Double:
		return true
	}
	return false
}

// compareNumbers orders two numbers of any type, and is an error where rounding could decide.
func compareNumbers(a, b ref.Val) (int, error) {
	switch x := a.(type) {
	case types.Int:
		switch y := b.(type) {
		case types.Int:
			return cmp.Compare(x, y), nil
		case types.Uint:
			if x < 0 {
				return -1, nil
			}
			return cmp.Compare(types.Uint(x), y), nil
		case types.Double:
			return compareDoubles(float64(x), float64(y), x < -maxExact || x > maxExact)
		}
	case types.Uint:
		switch y := b.(type) {
		case types.Uint:
			return cmp.Compare(x, y), nil
		case types.Double:
			return compareDoubles(float64(x), float64(y), x > maxExact)
		}
	case types.Double:
		if y, ok := b.(types.Double); ok {
			return compareDoubles(float64(x), float64(y), false)
		}
	}
	order, err := compareNumbers(b, a)
	return -order, err
}

// compareDoubles orders two doubles. What is not a number is not equal to anything and has no
// place in an order, so it is an error.
func compareDoubles(a, b float64, inexact bool) (int, error) {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return 0, errors.New("cannot compare what is not a number")
	case inexact:
		return 0, errInexact
	}
	return cmp.Compare(a, b), nil
}
