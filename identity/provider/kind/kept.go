package kind

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/postern/postern/identity/memo"
)

// The bounds of a Memory.
const (
	// DefaultMemory is how many bytes a Manager's providers keep together.
	DefaultMemory = 8 << 20

	maxKept  = 4096 // credentials
	overhead = 512  // bytes of what keeps one
)

// A Memory is what all providers of a Manager remember of credentials that they proved, at most so many
// bytes together: what is new pushes out what is old, whosever it is. It is safe for concurrent use.
type Memory struct {
	proofs *memo.Memo[any]
	scopes atomic.Uint64 // those that were given out
}

// NewMemory returns an empty Memory of at most so many bytes.
func NewMemory(bytes int64) *Memory {
	return &Memory{proofs: memo.NewWithin[any](maxKept, bytes)}
}

// Bytes returns how many bytes it keeps now, as it counts them.
func (m *Memory) Bytes() int64 { return m.proofs.Bytes() }

// Kept is what one provider remembers of credentials that it proved by one state of its keys. The zero
// Kept remembers nothing.
type Kept[V any] struct {
	memory *Memory
	scope  uint64
}

// Get returns what was proven of a credential: these bytes, and no others.
func (k Kept[V]) Get(c *Presented) (proof V, ok bool) {
	if k.memory == nil {
		return proof, false
	}
	kept, _ := k.memory.proofs.GetIn(k.scope, c.raw)
	proof, ok = kept.(V)
	return proof, ok
}

// Put remembers what was proven of a credential, however long it is, as long as there is room for it.
// The proof takes about size bytes in memory, and beside them at most as many as the credential: the
// texts of a token are parts of what it decodes to.
func (k Kept[V]) Put(c *Presented, proof V, size int) {
	if k.memory != nil {
		k.memory.proofs.PutIn(k.scope, strings.Clone(c.raw), proof, int64(overhead+2*len(c.raw)+size))
	}
}

// A Keeper gives the Kept of each state of a provider's keys: the same one while the keys are, so that
// what another provider goes through costs this one nothing, and an empty one when they are others, so
// that nothing outlives the key that proved it. It is safe for concurrent use.
type Keeper[State comparable, V any] struct {
	memory *Memory
	mu     sync.Mutex
	state  State
	kept   Kept[V]
}

// NewKeeper returns a Keeper that keeps in a Memory, which may be nil.
func NewKeeper[State comparable, V any](in *Memory) *Keeper[State, V] {
	return &Keeper[State, V]{memory: in}
}

// Of returns what is kept of a state.
func (k *Keeper[State, V]) Of(state State) Kept[V] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.memory != nil && (k.kept.memory == nil || k.state != state) {
		k.state, k.kept = state, Kept[V]{k.memory, k.memory.scopes.Add(1)}
	}
	return k.kept
}
