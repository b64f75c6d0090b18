//go:build !race

package condition_test

import (
	"math/rand/v2"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

// TestOutcomesAreProven evaluates random conditions for random inputs: whatever comes is among the
// outcomes.
func TestOutcomesAreProven(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	var expression func(depth int) string
	expression = func(depth int) string {
		if depth == 0 || random.IntN(4) == 0 {
			return one(
				`request.method == "`+one("GET", "PUT")+`"`, `"GET" != request.method`, `request.host in ["`+one("a", "b")+`", "c"]`, `user.acr == "`+one("a", "b")+`"`,
				`user.subject != "s"`, `caller.trust_domain == "a.test"`, `user.claims.x == "`+one("a", "b")+`"`, `has(user.claims.x)`, `true`, `false`, `1 == 1`,
				`"a" in user.scopes`, `header("x")[0] == "1"`, `["a", "b"].exists(s, s == request.host)`,
			)
		}
		a, b := expression(depth-1), expression(depth-1)
		return one("("+a+" && "+b+")", "("+a+" || "+b+")", "!("+a+")", "("+expression(depth-1)+" ? "+a+" : "+b+")")
	}
	narrow := 0
	for range 3000 {
		text := expression(3)
		c, err := condition.NewCompiler().Compile(text, nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		method := one("GET", "PUT", "DELETE")
		proven := c.Outcomes(map[string]condition.Domain{"request.method": {Values: []string{method}, Known: true}, "request.host": {Known: true}})
		if letters(proven) != "TFE" {
			narrow++
		}
		for range 20 {
			in := &condition.Input{Method: method, Host: one("a", "b", "c", "d"), Headers: condition.HeaderFunc(func(string) []string { return []string{"1", "2"}[:random.IntN(3)] })}
			if random.IntN(2) == 0 {
				in.User = &identity.User{Provider: "p", Subject: one("s", "t"), ACR: one("", "a", "b", "c"), Claims: map[string]any{}}
				if v := one("", "a", "b"); v != "" {
					in.User.Claims["x"] = v
				}
			}
			if random.IntN(2) == 0 {
				in.Caller = identity.ProvenCaller(spiffeid.RequireFromString("spiffe://"+one("a", "b")+".test/x"), [32]byte{})
			}
			holds, err := c.Eval(in)
			if err != nil && !proven.Errs || err == nil && holds && !proven.Holds || err == nil && !holds && !proven.Fails {
				t.Fatalf("%s comes to %v, %v for %+v, and is said to come to %s", text, holds, err, in, letters(proven))
			}
		}
	}
	if narrow < 500 {
		t.Errorf("only %d conditions were seen through", narrow)
	}
}
