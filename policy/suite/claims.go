package suite

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// A token is the claims of a test's user on their way to be whole. The first thing that is wrong
// is kept.
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
		t.err = fmt.Errorf("the claim %s %s", nameOfClaim(path), fmt.Sprintf(format, args...))
	}
}

func nameOfClaim(path []string) string {
	name := path[0]
	for _, p := range path[1:] {
		name += "." + p
	}
	return name
}

func (t *token) has(path []string) bool { return t.at(path) != nil }

// at returns the value of a claim, nil when it is absent.
func (t *token) at(path []string) any {
	var v any = t.claims
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

// set puts a claim where it belongs.
func (t *token) set(path []string, value any) {
	object := t.claims
	for _, name := range path[:len(path)-1] {
		next, ok := object[name].(map[string]any)
		if !ok && object[name] != nil {
			t.fail(path, "has no place: %s is no object", name)
			return
		}
		if !ok {
			next = map[string]any{}
			object[name] = next
		}
		object = next
	}
	object[path[len(path)-1]] = value
}

// text returns what a field and its claim say: the claim's value when there is no field, the
// first fallback that is not empty when there is neither.
func (t *token) text(path []string, field string, fallbacks ...string) string {
	switch claim := t.at(path).(type) {
	case nil:
		for _, value := range append([]string{field}, fallbacks...) {
			if value != "" {
				t.set(path, value)
				return value
			}
		}
		return ""
	case string:
		switch {
		case claim == "":
			t.fail(path, "is empty: the provider would refuse the token")
		case field != "" && field != claim:
			t.fail(path, "is %q, and the user's field says %q", claim, field)
		}
		return claim
	default:
		t.fail(path, "is no string: the provider would refuse the token")
		return ""
	}
}

// A form is how a claim has several values.
type form uint8

const (
	array     form    = 1 << iota // it is written as an array, and read as one
	split                         // and a string is read as words
	one                           // and a string is read as one value
	words     = split             // it is written as a string of words
	oneOrMore = array | one
)

// list is text for several values.
func (t *token) list(path []string, field *syntax.TestValues, f form) []string {
	var want []string
	if field != nil {
		for _, v := range field.Values {
			want = append(want, v.Value)
		}
	}
	if path == nil {
		return want
	}
	claim := t.at(path)
	if claim == nil {
		if len(want) > 0 {
			t.set(path, f.write(want))
		}
		return want
	}
	have, err := f.read(claim)
	switch {
	case err != nil:
		t.fail(path, "%v: the provider would refuse the token", err)
	case field != nil && !slices.Equal(want, have):
		t.fail(path, "has %q, and the user's field %q", have, want)
	}
	return have
}

func (f form) write(values []string) any {
	if f&array == 0 {
		return strings.Join(values, " ")
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

func (f form) read(claim any) ([]string, error) {
	switch claim := claim.(type) {
	case string:
		switch {
		case f&one != 0 && claim != "":
			return []string{claim}, nil
		case f&split == 0:
			return nil, errors.New("is a string and no list")
		case claim == "":
			return nil, nil
		}
		if values := strings.Split(claim, " "); !slices.Contains(values, "") {
			return values, nil
		}
		return nil, errors.New("has a space too many")
	case []any:
		values := make([]string, 0, len(claim))
		for _, e := range claim {
			s, ok := e.(string)
			if !ok || s == "" {
				return nil, errors.New("is no list of strings")
			}
			values = append(values, s)
		}
		return values, nil
	}
	return nil, errors.New("is neither a string nor a list of strings")
}

// time returns a time that a field says as an age, and its claim as seconds since 1970.
func (t *token) time(name string, age *syntax.MaxAge, at, fallback time.Time) time.Time {
	path := []string{name}
	if age != nil {
		fallback = at.Add(-age.Age)
	}
	switch claim := t.at(path).(type) {
	case nil:
		if !fallback.IsZero() {
			t.set(path, json.Number(strconv.FormatInt(fallback.Unix(), 10)))
		}
		return fallback
	case json.Number:
		whole, fraction, _ := strings.Cut(claim.String(), ".") // which is rounded down, as the provider does
		seconds, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || seconds <= 0 || strings.ContainsAny(fraction, "eE") {
			t.fail(path, "is no number of seconds after 1970 without an exponent")
		}
		if age != nil && fallback.Unix() != seconds {
			t.fail(path, "is %s, and the age says %d", claim, fallback.Unix())
		}
		return time.Unix(seconds, 0).UTC()
	default:
		t.fail(path, "is no number: the provider would refuse the token")
		return time.Time{}
	}
}
