// Package memo remembers what was proven of credentials and certificates, by their exact bytes.
//
// What is kept is what never changes: that a signature is good, what a certificate says. Whether it
// is good now, from this caller and not revoked is asked each time. A Memo, or a scope of it, belongs to
// one state of keys or bundles and goes with it, so that nothing outlives the key that proved it.
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

// A Memo remembers values by keys, at most as many as it was made for, and at most as many bytes: a new
// one takes the place of an old one. It is safe for concurrent use, takes no lock, and looking something
// up allocates nothing. A nil Memo, and the zero Memo, remember nothing.
type Memo[V any] struct {
	seed  maphash.Seed
	mask  uint64
	turn  atomic.Uint32
	slots []atomic.Pointer[entry[V]]

	most  int64 // bytes; 0: as many as there are
	bytes atomic.Int64
	hand  atomic.Uint64 // the slot that is emptied next
}

// An entry is never modified.
type entry[V any] struct {
	hash, scope uint64
	key         string
	bytes       int64
	value       V
}

// New returns a Memo of at most size values: a power of two, at least 4, else the next one.
func New[V any](size int) *Memo[V] {
	n := ways
	for n < size {
		n *= 2
	}
	return &Memo[V]{seed: maphash.MakeSeed(), mask: uint64(n/ways - 1), slots: make([]atomic.Pointer[entry[V]], n)}
}

// NewWithin is New for a Memo that remembers at most so many bytes, as PutIn counts them.
func NewWithin[V any](size int, bytes int64) *Memo[V] {
	m := New[V](size)
	m.most = bytes
	return m
}

// Get returns what was remembered of a key: these bytes, and no others.
func (m *Memo[V]) Get(key string) (value V, ok bool) { return m.GetIn(0, key) }

// GetIn is Get in one scope: what is put in another is another's.
func (m *Memo[V]) GetIn(scope uint64, key string) (value V, ok bool) {
	if m == nil || len(m.slots) == 0 {
		return value, false
	}
	hash := m.hash(scope, key)
	places := m.places(hash)
	for i := range places {
		if e := places[i].Load(); e.is(hash, scope, key) {
			return e.value, true
		}
	}
	return value, false
}

// Put remembers the value of a key, which is kept as it is: it must not be part of a buffer that is
// used again.
func (m *Memo[V]) Put(key string, value V) { m.PutIn(0, key, value, 0) }

// PutIn is Put in one scope, of a value that takes so many bytes with its key. What takes more than
// the Memo may is not remembered.
func (m *Memo[V]) PutIn(scope uint64, key string, value V, bytes int64) {
	if m == nil || len(m.slots) == 0 || m.most > 0 && bytes > m.most {
		return
	}
	m.room(bytes)
	e := &entry[V]{hash: m.hash(scope, key), scope: scope, key: key, bytes: bytes, value: value}
	places := m.places(e.hash)
	for i := range places {
		if old := places[i].Load(); old == nil || old.is(e.hash, scope, key) {
			m.swap(&places[i], e)
			return
		}
	}
	m.swap(&places[m.turn.Add(1)%ways], e)
}

// Bytes returns how many bytes are remembered now, as PutIn was told. What several goroutines put at
// once may be more than the Memo may, until each of them has made room.
func (m *Memo[V]) Bytes() int64 { return m.bytes.Load() }

// room counts what is about to be put, and forgets what is in its way, going round.
func (m *Memo[V]) room(bytes int64) {
	m.bytes.Add(bytes)
	for range m.slots {
		if m.most <= 0 || m.bytes.Load() <= m.most {
			return
		}
		m.swap(&m.slots[m.hand.Add(1)%uint64(len(m.slots))], nil)
	}
}

// swap puts what is counted already in the place of what is not remembered any more.
func (m *Memo[V]) swap(place *atomic.Pointer[entry[V]], e *entry[V]) {
	if old := place.Swap(e); old != nil {
		m.bytes.Add(-old.bytes)
	}
}

func (e *entry[V]) is(hash, scope uint64, key string) bool {
	return e != nil && e.hash == hash && e.scope == scope && e.key == key
}

// hash tells scopes apart by an odd number, 2^64 over the golden ratio, so that one key of many scopes
// has many places.
func (m *Memo[V]) hash(scope uint64, key string) uint64 {
	return maphash.String(m.seed, key) ^ scope*0x9e3779b97f4a7c15
}

// places returns where a key of that hash can be.
func (m *Memo[V]) places(hash uint64) []atomic.Pointer[entry[V]] {
	first := (hash & m.mask) * ways
	return m.slots[first : first+ways]
}
