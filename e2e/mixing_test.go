package e2e_test

import (
	"crypto/tls"
	"fmt"
	"sync"
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
)

// TestNobodyGetsAnothersIdentity asks for many callers and people at once, good and bad mixed, and
// compares who each was with whom the upstream was told of.
func TestNobodyGetsAnothersIdentity(t *testing.T) {
	t.Parallel()
	routes := `  - {name: me, http: {methods: [GET], path: "/me/{name}"}, allow: [{callers: ["spiffe://shop.test/ns/shop/sa/*"], user: {provider: shop-idp}}]}
  - {name: open, http: {methods: [GET], path: "/open/{name}"}, allow: [{callers: [anyone]}]}
`
	m := shop(t, mesh.Setup{
		Policies: map[string]string{"orders.yaml": mesh.Policy(routes), "idp.yaml": mesh.Provider},
		Gate:     mesh.Gate{Optional: true},
	})
	var everyone sync.WaitGroup
	for n := range 12 {
		caller, user := fmt.Sprintf("spiffe://shop.test/ns/shop/sa/w%d", n), fmt.Sprintf("user-%d", n)
		as, token := m.As(caller), "authorization: Bearer "+m.Token(mint.Set("sub", user))
		everyone.Go(func() {
			for i := range 20 {
				mark := fmt.Sprintf("%d-%d", n, i)
				turn(t, m, i, mark, as, token, caller, user)
			}
		})
	}
	everyone.Wait()
}

// turn asks once in one of four ways.
func turn(t *testing.T, m *mesh.Mesh, way int, mark string, as *tls.Config, token, caller, user string) {
	fields, target, status := []string{marked(mark), token}, "/me/x", 200
	switch way % 4 {
	case 1: // a bad token
		fields, status = []string{marked(mark), token + "x"}, 401
	case 2: // nobody
		as, target, caller, user = mesh.Anonymous(), "/open/x", "", ""
	case 3: // a caller alone, whose token nobody reads
		target, user = "/open/x", ""
	}
	got, err := try(m, as, request("GET", target, fields...))
	if err != nil || got.Status != status {
		t.Errorf("%s: %s, %v; want %d", mark, brief(got), err, status)
		return
	}
	reached := m.Upstream.Find(mark)
	if status != 200 {
		if len(reached) != 0 {
			t.Errorf("%s got in", mark)
		}
		return
	}
	if len(reached) != 1 || first(reached[0].Get("x-postern-caller")) != caller || first(reached[0].Get("x-postern-user")) != user {
		t.Errorf("%s: the upstream was told %q, %q; want %q, %q", mark, reached[0].Get("x-postern-caller"), reached[0].Get("x-postern-user"), caller, user)
	}
}
