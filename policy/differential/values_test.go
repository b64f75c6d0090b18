package differential_test

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// texts is a list of type list(string).
func texts(values []string) []any {
	list := []any{}
	for _, v := range values {
		list = append(list, v)
	}
	return list
}

// The most that a condition reads.
const (
	maxHeaderBytes  = 64 << 10
	maxHeaderValues = 128
	maxParameters   = 128 // of a query
)

// look is what a condition sees of a value of a claim: a number is an integer that is exact, or
// else a floating-point number.
func look(v any, ok bool) (any, bool) {
	n, is := v.(json.Number)
	if !ok || !is {
		return v, ok
	}
	if !strings.ContainsAny(n.String(), ".eE") {
		i, err := strconv.ParseInt(n.String(), 10, 64)
		return i, err == nil
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	return f, err == nil
}

func index(of, at any) (any, bool) {
	switch of := of.(type) {
	case []any:
		i, ok := at.(int64)
		if !ok || i < 0 || i >= int64(len(of)) {
			return nil, false
		}
		return look(of[i], true)
	case map[string]any:
		key, _ := at.(string)
		v, ok := of[key]
		return look(v, ok)
	}
	return nil, false
}

// equal says whether two values of one type are equal; those of two types are an error.
func equal(a, b any) (is, ok bool) {
	a, aOK := look(a, true)
	b, bOK := look(b, true)
	if !aOK || !bOK {
		return false, false
	}
	switch a := a.(type) {
	case nil:
		return true, b == nil
	case bool:
		b, ok := b.(bool)
		return a == b, ok
	case string:
		b, ok := b.(string)
		return a == b, ok
	case time.Time:
		b, ok := b.(time.Time)
		return a.Equal(b), ok
	case time.Duration:
		b, ok := b.(time.Duration)
		return a == b, ok
	case int64, float64:
		order, ok := compareNumbers(a, b)
		return order == 0, ok
	case []any:
		b, ok := b.([]any)
		return equalLists(a, b, ok)
	case map[string]any:
		b, ok := b.(map[string]any)
		return equalMaps(a, b, ok)
	}
	panic("no type")
}

func equalLists(a, b []any, ok bool) (is, known bool) {
	if !ok || len(a) != len(b) {
		return false, ok
	}
	is = true
	for i := range a {
		same, ok := equal(a[i], b[i])
		if !ok {
			return false, false
		}
		is = is && same
	}
	return is, true
}

func equalMaps(a, b map[string]any, ok bool) (is, known bool) {
	if !ok || len(a) != len(b) {
		return false, ok
	}
	is = true
	for k := range a {
		if _, there := b[k]; !there {
			is = false
			continue
		}
		same, ok := equal(a[k], b[k])
		if !ok {
			return false, false
		}
		is = is && same
	}
	return is, true
}

// compareNumbers orders two integers, or two others. An integer is compared with another number
// where that is exact.
func compareNumbers(a, b any) (order int, ok bool) {
	if x, isInt := a.(int64); isInt {
		if y, isInt := b.(int64); isInt {
			return cmp.Compare(x, y), true
		}
	}
	x, ok := exact(a)
	y, too := exact(b)
	return cmp.Compare(x, y), ok && too
}

func exact(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), -1<<53 < v && v < 1<<53
	case float64:
		return v, true
	}
	return 0, false
}

func ordered(op string, a, b any) (any, bool) {
	var order int
	switch x := a.(type) {
	case int64, float64:
		o, ok := compareNumbers(a, b)
		if !ok {
			return nil, false
		}
		order = o
	case string:
		y, ok := b.(string)
		if !ok {
			return nil, false
		}
		order = strings.Compare(x, y)
	case bool:
		y, ok := b.(bool)
		if !ok {
			return nil, false
		}
		order = strings.Compare(strconv.FormatBool(x), strconv.FormatBool(y))
	case time.Time:
		order = x.Compare(b.(time.Time))
	case time.Duration:
		order = int(x - b.(time.Duration))
	default:
		return nil, false
	}
	switch op {
	case "<":
		return order < 0, true
	case "<=":
		return order <= 0, true
	case ">":
		return order > 0, true
	}
	return order >= 0, true
}

// member says whether a list has a value or a map has a key. Where no element of a list is the
// value, one of another type makes that an error, as it does for ==.
func member(v, of any) (any, bool) {
	switch of := of.(type) {
	case []any:
		known := true
		for _, e := range of {
			is, ok := equal(v, e)
			if ok && is {
				return true, true
			}
			known = known && ok
		}
		return false, known
	case map[string]any:
		key, ok := v.(string)
		_, there := of[key]
		return there, ok || len(of) == 0
	}
	return nil, false
}

// sum adds or subtracts what CEL can: integers without overflow, numbers, texts, times.
func sum(op string, a, b any) (any, bool) {
	switch x := a.(type) {
	case int64:
		y, ok := b.(int64)
		if !ok {
			return nil, false
		}
		if op == "-" {
			y = -y // the generator subtracts small literals alone
		}
		z := x + y
		return z, (z > x) == (y > 0)
	case float64:
		y, ok := b.(float64)
		if op == "-" {
			y = -y
		}
		return x + y, ok
	case string:
		y, ok := b.(string)
		return x + y, ok && op == "+"
	case time.Time:
		y, ok := b.(time.Time)
		return x.Sub(y), ok && op == "-"
	}
	return nil, false
}
