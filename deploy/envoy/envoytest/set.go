package envoytest

import (
	"slices"
	"strconv"
	"testing"
)

// set returns node with value at the path. Mappings on the way are made when they are missing.
func set(t testing.TB, node any, path []string, value any, remove bool) any {
	t.Helper()
	if len(path) == 0 {
		return value
	}
	if list, ok := node.([]any); ok {
		return setItem(t, list, path, value, remove)
	}
	fields, ok := node.(map[string]any)
	if !ok && node != nil {
		t.Fatalf("%v: %T is on the way", path, node)
	}
	if fields == nil {
		fields = map[string]any{}
	}
	if len(path) > 1 && (path[1] == "+" || path[1] == "^") && fields[path[0]] == nil {
		fields[path[0]] = []any{}
	}
	if remove && len(path) == 1 {
		delete(fields, path[0])
		return fields
	}
	fields[path[0]] = set(t, fields[path[0]], path[1:], value, remove)
	return fields
}

func setItem(t testing.TB, list []any, path []string, value any, remove bool) any {
	t.Helper()
	switch path[0] {
	case "+":
		return append(list, value)
	case "^":
		return append([]any{value}, list...)
	}
	i, err := strconv.Atoi(path[0])
	if err != nil || i >= len(list) {
		t.Fatalf("%v: no such element of a list of %d", path, len(list))
	}
	if remove && len(path) == 1 {
		return slices.Delete(list, i, i+1)
	}
	list[i] = set(t, list[i], path[1:], value, remove)
	return list
}
