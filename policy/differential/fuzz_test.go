package differential_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzDifferential lets the fuzzer choose: its bytes are the throws of the dice. A question has a
// few dozen of them, a world some hundred.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(16) {
		source := rand.New(rand.NewPCG(seed, 0))
		bytes := make([]byte, 128<<(seed%3))
		for i := range bytes {
			bytes[i] = byte(source.Uint32())
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		g := &generator{dice: diceOf(bytes)}
		w := g.world()
		c := compile(w)
		if c.loading() != "" {
			t.Fatal(find(t, compile, w, nil).shrink(t))
		}
		for range 2 {
			q := g.question(w)
			if c.err == nil && c.difference(t, q, nil) != "" {
				t.Fatal(find(t, compile, w, q).shrink(t))
			}
		}
	})
}
