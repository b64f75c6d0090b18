package condition_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

// FuzzCompile compiles any text, and evaluates what compiles. Nothing panics, errors have a
// place in the text, and the same condition has the same answer each time.
func FuzzCompile(f *testing.F) {
	for _, text := range append(hostile(), `user.claims.a == params.customer_id`, `{"a": [1, 2.0]}.a == user.claims.?b.orValue([])`, "(((", "a\n.b", `"é" == x`, `b"\x00" != b""`, `[1u, -1, 1.5e3, null, true]`) {
		f.Add(text)
	}
	in := valid()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := condition.NewCompiler().Compile(text, params())
		if err != nil {
			var faults condition.Errors
			if c != nil || !errors.As(err, &faults) || len(faults) == 0 || len(faults) > condition.MaxErrors {
				t.Fatalf("%v, %v", c, err)
			}
			for _, fault := range faults {
				lines := strings.Split(text, "\n")
				if fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1 || len(fault.Message) > 2000 {
					t.Fatalf("%q: %+v", text, fault)
				}
			}
			return
		}
		holds, err := c.Eval(in)
		again, errAgain := c.Eval(in)
		if holds && err != nil || holds != again || (err == nil) != (errAgain == nil) {
			t.Fatalf("%q is %v, %v, and then %v, %v", text, holds, err, again, errAgain)
		}
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Fatalf("%q: %v", text, err)
		}
		c.Observe(in)
	})
}

// FuzzEval evaluates conditions over any claims, query, header and path. The claims stay as
// they are, and == and != never both hold, nor one without the other.
func FuzzEval(f *testing.F) {
	pairs := [][2]string{
		{`user.claims.a == user.claims.b`, `user.claims.a != user.claims.b`},
		{`user.claims.a < user.claims.b`, `user.claims.a >= user.claims.b`},
		{`user.claims.a in user.claims.b`, `!(user.claims.a in user.claims.b)`},
		{`query("a") == ["1"]`, `query("a") != ["1"]`},
		{`header("x-a") == params.file`, `header("x-a") != params.file`},
		{`user.claims.a.exists(x, x == "a")`, `user.claims.a.all(x, x != "a")`},
		{`has(user.claims.a.b)`, `!has(user.claims.a.b)`},
	}
	type pair struct{ is, not *condition.Condition }
	var conditions []pair
	for _, p := range pairs {
		conditions = append(conditions, pair{compile(f, p[0]), compile(f, p[1])})
	}
	f.Add(`{"a": 1, "b": 1.0}`, "a=1", "v", "a/b/c/d")
	f.Add(`{"a": [9007199254740993], "b": [[1e999, null, "x"], {"y": {}}]}`, "a=%31;", "\xff", "")
	f.Fuzz(func(t *testing.T, text, query, header, path string) {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var claims, same map[string]any
		if decoder.Decode(&claims) != nil {
			return
		}
		decoder = json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		_ = decoder.Decode(&same)
		in := &condition.Input{
			Path: strings.Split(path, "/"), Query: query, Time: time.Unix(0, 1), User: &identity.User{Provider: "p", Claims: claims},
			Headers: condition.HeaderFunc(func(string) []string { return []string{header} }),
		}
		for _, c := range conditions {
			is, err := c.is.Eval(in)
			not, errNot := c.not.Eval(in)
			if (err == nil) != (errNot == nil) || err == nil && is == not || err != nil && (is || not) {
				t.Fatalf("%s is %v, %v, and %s is %v, %v", c.is.Text(), is, err, c.not.Text(), not, errNot)
			}
			if err != nil && strings.Contains(err.Error(), "internal error") {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(claims, same) {
			t.Fatal("an evaluation changed the claims")
		}
	})
}
