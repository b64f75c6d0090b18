package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// A token is the claims of a test's user on their way to be whole. What the test writes in claims
// stays as it is, null included. The first thing that is wrong is kept.
type token struct {
	claims map[string]any
	err    error
}

func newToken(from []syntax.TestClaim) *token {
	t := &token{claims: make(map[string]any, len(from)+8)}
	for _, c := range from {
		t.claims[c.Name.Value] = clone(c.Value)
	}
	return t
}

// clone copies the objects of a claim, which get members.
func clone(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	c := make(map[string]any, len(object)+1)
	for name, member := range object {
		c[name] = clone(member)
	}
	return c
}

func (t *token) fail(path []string, format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("the claim %s %s", strings.Join(path, "."), fmt.Sprintf(format, args...))
	}
}

// put gives a claim a value, unless the test has written it.
func (t *token) put(path []string, value any) {
	object := t.claims
	last := len(path) - 1
	for _, name := range path[:last] {
		member, there := object[name]
		if !there {
			member = map[string]any{}
			object[name] = member
		}
		next, ok := member.(map[string]any)
		if !ok {
			t.fail(path, "has no place: %s is no object", name)
			return
		}
		object = next
	}
	if _, there := object[path[last]]; !there {
		object[path[last]] = value
	}
}

// at returns the text of a claim, "" when it is none.
func (t *token) at(path []string) string {
	var v any = t.claims
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	s, _ := v.(string)
	return s
}

// text puts the first of the values that is not empty.
func (t *token) text(path []string, values ...string) {
	if i := slices.IndexFunc(values, func(s string) bool { return s != "" }); i >= 0 {
		t.put(path, values[i])
	}
}

// words puts the values of a field as a string of words, and list as an array.
func (t *token) words(path []string, field *syntax.TestValues) {
	if values := valuesOf(field); len(values) > 0 {
		t.put(path, strings.Join(values, " "))
	}
}

func (t *token) list(path []string, field *syntax.TestValues) {
	var list []any
	for _, v := range valuesOf(field) {
		list = append(list, v)
	}
	if list != nil {
		t.put(path, list)
	}
}

func valuesOf(field *syntax.TestValues) []string {
	if field == nil {
		return nil
	}
	var values []string
	for _, v := range field.Values {
		values = append(values, v.Value)
	}
	return values
}

// age puts a time that a field says as an age, or else the other; none when that is zero.
func (t *token) age(name string, age *syntax.MaxAge, at, other time.Time) {
	if age != nil {
		other = at.Add(-age.Age)
	}
	if !other.IsZero() {
		t.put([]string{name}, json.Number(strconv.FormatInt(other.Unix(), 10)))
	}
}

// same says that a claim is what its field says, where there is one; so do sameList and sameAge.
func (t *token) same(path []string, field, is string) {
	if field != "" && field != is {
		t.fail(path, "is %q, and the user's field says %q", is, field)
	}
}

func (t *token) sameList(path []string, field *syntax.TestValues, is []string) {
	if want := valuesOf(field); field != nil && !slices.Equal(want, is) {
		t.fail(path, "has %q, and the user's field %q", is, want)
	}
}

func (t *token) sameAge(name string, age *syntax.MaxAge, at, is time.Time) {
	if age != nil && at.Add(-age.Age).Unix() != is.Unix() {
		t.fail([]string{name}, "is %d, and the age says %d", is.Unix(), at.Add(-age.Age).Unix())
	}
}
