package differential_test

import (
	"math/rand/v2"
	"testing"
)

// FuzzDifferential lets the fuzzer choose: its bytes are the throws of the dice.
func FuzzDifferential(f *testing.F) {
	for seed := range uint64(16) {
		source := rand.New(rand.NewPCG(seed, 0))
		bytes := make([]byte, 256<<(seed%4))
		for i := range bytes {
			bytes[i] = byte(source.Uint32())
		}
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		g := &generator{dice: diceOf(bytes)}
		w := g.world()
		if f := find(t, compile, w, nil); f != nil {
			t.Fatal(f.shrink(t))
		}
		for range 4 {
			q := g.question(w)
			if f := find(t, compile, w, q); f != nil {
				t.Fatal(f.shrink(t))
			}
		}
	})
}
