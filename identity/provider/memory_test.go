//go:build !race

package provider_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// TestWhatProvidersKeep: many tokens of several providers take no more memory than all may take together,
// whatever is in them.
func TestWhatProvidersKeep(t *testing.T) {
	key := minttest.Key(t, "EdDSA", "k1")
	idp := keystest.New(t, key)
	for name, fill := range map[string]func(map[string]any){
		"small":    func(map[string]any) {},
		"text":     mint.Set("x", strings.Repeat("x", 1800)),
		"elements": mint.Set("x", slices.Repeat([]any{1}, 200)),
		"long":     mint.Set("x", strings.Repeat("x", 5500)), // of 8 KiB
		"escapes":  mint.Set("x", strings.Repeat("\n", 2700)),
		"groups":   mint.Set("x", slices.Repeat([]any{"/shop/orders/readers"}, 60)),
	} {
		t.Run(name, func(t *testing.T) {
			m := started(t, issuer(idp, "one"), issuer(idp, "two"))
			set, before := m.Current(), heap()
			const many = 800
			for i := range many {
				token := sign(t, idp, key, mint.Set("sub", fmt.Sprint("u", i)), fill)
				for _, name := range []string{"one", "two"} {
					if c := set.Authenticate(context.Background(), []string{name}, bearer(token).request(), now(), identity.Caller{}); c.Reason != reason.Allowed {
						t.Fatal(c.Cause)
					}
				}
			}
			kept := heap() - before
			t.Logf("%d tokens, by two providers: %.1f MiB", many, float64(kept)/(1<<20))
			if kept > kind.DefaultMemory+kind.DefaultMemory/8 {
				t.Errorf("%d bytes are kept", kept)
			}
			runtime.KeepAlive(m)
		})
	}
}
