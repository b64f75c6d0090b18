package differential_test

import "math/rand/v2"

// A dice is where every choice of the generator comes from: a seeded source of random numbers,
// or the bytes of a fuzzer.
type dice struct {
	next func() uint32
}

// newDice returns a dice of which every throw follows from seed.
func newDice(seed uint64) *dice {
	source := rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))
	return &dice{next: source.Uint32}
}

// diceOf returns a dice whose throws are bytes; when none are left it throws the lowest.
func diceOf(bytes []byte) *dice {
	return &dice{next: func() uint32 {
		if len(bytes) == 0 {
			return 0
		}
		b := bytes[0]
		bytes = bytes[1:]
		return uint32(b)
	}}
}

// n returns a number from 0 to below n.
func (d *dice) n(n int) int { return int(d.next() % uint32(n)) }

// one is true once in so many throws, and never for the lowest throw unless always is 1.
func (d *dice) one(always int) bool { return d.n(always) == always-1 }

// pick returns one of the values.
func pick[T any](d *dice, from ...T) T { return from[d.n(len(from))] }

// some returns one to most different values, in the order in which they were drawn.
func some[T any](d *dice, most int, from []T) []T {
	rest := append([]T(nil), from...)
	var drawn []T
	for range 1 + d.n(min(most, len(from))) {
		i := d.n(len(rest))
		drawn = append(drawn, rest[i])
		rest = append(rest[:i], rest[i+1:]...)
	}
	return drawn
}
