//go:build !race

package condition_test

import (
	"errors"
	"strings"
	"testing"

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
