// Package memo remembers what was proven of credentials and certificates, by their exact bytes.
//
// What is kept is what never changes: that a signature is good, what a certificate says. Whether it
// is good now, from this caller and not revoked is asked each time. A Memo belongs to one state of
// keys or bundles and goes with it, so that nothing outlives the key that proved it.
//
// Only what was proven is kept: who has no credential cannot fill a Memo, nor push out what others
// use but with as many good credentials of his own.
package memo

import (
	"hash/maphash"
	"sync/atomic"
)

// ways is among how many places one key can be.
const ways = 4

// A Memo remembers values by keys, at most as many as it was made for: a new one takes the place of
// an old one. It is safe for concurrent use, takes no lock, and looking something up allocates
// nothing. A nil Memo, and the zero Memo, remember nothing.
type Memo[V any] struct {
	seed  maphash.Seed
	mask  uint64
	turn  atomic.Uint32
	slots []atomic.Pointer[entry[V]]
}

// An entry is never modified.
type entry[V any] struct {
	hash  uint64
	key   string
	value V
}

// New returns a Memo of at most size values: a power of two, at least 4, else the next one.
func New[V any](size int) *Memo[V] {
	n := ways
	for n < size {
		n *= 2
	}
	return &Memo[V]{seed: maphash.MakeSeed(), mask: uint64(n/ways - 1), slots: make([]atomic.Pointer[entry[V]], n)}
}

// Get returns what was remembered of a key: these bytes, and no others.
func (m *Memo[V]) Get(key string) (value V, ok bool) {
	if m == nil || len(m.slots) == 0 {
		return value, false
	}
	hash := maphash.String(m.seed, key)
	places := m.places(hash)
	for i := range places {
		if e := places[i].Load(); e != nil && e.hash == hash && e.key == key {
			return e.value, true
		}
	}
	return value, false
}

// Put remembers the value of a key, which is kept as it is: it must not be part of a buffer that is
// used again.
func (m *Memo[V]) Put(key string, value V) {
	if m == nil || len(m.slots) == 0 {
		return
	}
	e := &entry[V]{hash: maphash.String(m.seed, key), key: key, value: value}
	places := m.places(e.hash)
	for i := range places {
		if old := places[i].Load(); old == nil || old.hash == e.hash && old.key == key {
			places[i].Store(e)
			return
		}
	}
	places[m.turn.Add(1)%ways].Store(e)
}

// places returns where a key of that hash can be.
func (m *Memo[V]) places(hash uint64) []atomic.Pointer[entry[V]] {
	first := (hash & m.mask) * ways
	return m.slots[first : first+ways]
}
