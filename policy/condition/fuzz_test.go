package condition_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

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
