package condition_test

import (
	"sync"
	"testing"
)

// TestConcurrently evaluates shared conditions from many goroutines, with errors among them:
// what cel-go shares between evaluations must not be written.
func TestConcurrently(t *testing.T) {
	in := valid()
	for _, text := range []string{
		`user.claims.level.startsWith("a")`, `user.claims.level || false`, `user.claims.customer_id == params.customer_id`,
		`user.claims.level == "a"`, `user.claims.object.exists(k, k == "b")`, `user.claims.groups.map(g, g + "x") == ["ax", "bx"]`,
		`timestamp(user.claims.max) < request.time`, `user.claims.max + 1 > 0`, `has(user.claims.customer_id.x)`, `query("tag") == header("x-tenant")`,
		`user.claims.missing == 1 || user.claims.level.matches("a")`, `request.method in ["GET", "PUT"] + user.claims.groups`,
	} {
		c := compile(t, text)
		want, wantErr := c.Eval(in)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 50 {
					if holds, err := c.Eval(in); holds != want || (err == nil) != (wantErr == nil) {
						t.Errorf("%s is %v, %v; before it was %v, %v", text, holds, err, want, wantErr)
						return
					}
				}
			})
		}
		group.Wait()
	}
}
