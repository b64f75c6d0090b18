package provider_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	jwtissuer "github.com/postern/postern/identity/provider/issuer"
	"github.com/postern/postern/identity/provider/kind"
)

// cost reports the processor time of b's thread: what others do with the machine is not in it.
func cost(b *testing.B, each func(i int)) {
	b.ReportAllocs()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	i, before := 0, threadTime()
	for b.Loop() {
		each(i)
		i++
	}
	b.ReportMetric(float64(threadTime()-before)/float64(b.N), "cpu-ns/op")
}

func prove(b *testing.B, set *provider.Set, names []string, h headers) {
	if c := set.Authenticate(context.Background(), names, h.request(), now(), identity.Caller{}); c.User == nil {
		b.Fatal(c.Cause)
	}
}

// distinct is how many valid tokens of a kind there are.
const distinct = 2048

// forgetful is the kind of issuers that remember a tenth of distinct tokens, so that each token is as if it
// had never been seen.
func forgetful() kind.Kind {
	k := jwtissuer.Kind()
	remembering := k.New
	k.New = func(p identity.Provider, env kind.Env) (kind.Source, error) {
		env.Memory = kind.NewMemory(1 << 20)
		return remembering(p, env)
	}
	return k
}

// BenchmarkSeenOnce is a token that was never seen before, from its bytes to its user.
func BenchmarkSeenOnce(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		key := minttest.Key(b, alg, "k1")
		idp := keystest.New(b, key)
		m := manager(b, provider.Options{Kinds: []kind.Kind{forgetful()}})
		configure(b, m, issuer(idp, "idp"))
		keystest.Until(b, "keys", func() bool { return keyed(m.Current()) })
		configure(b, m, issuer(idp, "idp"))
		set := m.Current()
		tokens := make([]headers, distinct)
		for i := range tokens {
			tokens[i] = bearer(sign(b, idp, key))
		}
		b.Run(alg, func(b *testing.B) {
			cost(b, func(i int) { prove(b, set, []string{"idp"}, tokens[i%distinct]) })
		})
	}
}

// BenchmarkLong is a token of the longest that are accepted, known.
func BenchmarkLong(b *testing.B) {
	key := minttest.Key(b, "ES256", "k1")
	idp := keystest.New(b, key)
	set := started(b, issuer(idp, "idp")).Current()
	for _, n := range []int{600, 2900, 5500} {
		token := bearer(sign(b, idp, key, mint.Set("x", fmt.Sprintf("%0*d", n, 1))))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cost(b, func(int) { prove(b, set, []string{"idp"}, token) })
		})
	}
}
