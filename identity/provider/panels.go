package provider

import (
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/postern/postern/identity/provider/kind"
)

// maxPanels is how many panels a Set keeps. What is more is made anew for each question.
const maxPanels = 1 << 10

// panels are those of the lists of several names that a Set was asked for. A list is known by what it says
// and not by where it is: it may lie in memory that the next question uses for another.
type panels struct {
	memory *kind.Memory
	seed   maphash.Seed
	known  atomic.Pointer[map[uint64]*panel] // by the hash of names; never modified

	mu sync.Mutex // one change of known at a time
}

// of returns the panel of the entries called names. A name that none is called is an error.
func (ps *panels) of(names []string, entries map[string]*entry) (*panel, error) {
	hash := ps.hash(names)
	if p := ps.find(hash, names); p != nil {
		return p, nil
	}
	read, err := named(names, entries)
	if err != nil {
		return nil, err
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.find(hash, names); p != nil {
		return p, nil
	}
	known := *ps.known.Load()
	if known[hash] != nil || len(known) >= maxPanels {
		return newPanel(nil, read, nil), nil // it is asked once, so it remembers nothing
	}
	p := newPanel(slices.Clone(names), read, ps.memory)
	more := maps.Clone(known)
	more[hash] = p
	ps.known.Store(&more)
	return p, nil
}

// find returns the panel of names that is kept, nil for none.
func (ps *panels) find(hash uint64, names []string) *panel {
	if p := (*ps.known.Load())[hash]; p != nil && slices.Equal(p.names, names) {
		return p
	}
	return nil
}

// hash returns a number that no two lists are likely to share, however they were thought up.
func (ps *panels) hash(names []string) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, so that the order of names counts
	h := uint64(len(names))
	for _, name := range names {
		h = h*odd + maphash.String(ps.seed, name)
	}
	return h
}

// named returns the entries called names, each once.
func named(names []string, entries map[string]*entry) ([]*entry, error) {
	read := make([]*entry, 0, len(names))
	for i, name := range names {
		e := entries[name]
		if e == nil {
			return nil, fmt.Errorf("no provider is called %q", name)
		}
		if !slices.Contains(names[:i], name) {
			read = append(read, e)
		}
	}
	return read, nil
}
