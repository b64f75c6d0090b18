package provider

import (
	"fmt"
	"slices"
	"sync"

	"github.com/postern/postern/identity/provider/kind"
)

// The bounds of panels. What is more is made anew for each question.
const (
	maxPanels = 1 << 12
	maxLists  = 1 << 16
)

// panels are those of the lists of several names that a Set was asked for. Routes have their lists for as
// long as their policy serves, so a list is known by where it is, and then compared; the same names in
// another place have the same panel.
type panels struct {
	memory *kind.Memory
	lists  sync.Map // of *string, the first of a list of names: *panel

	mu    sync.Mutex
	known int // lists
	named map[string]*panel
}

// of returns the panel of the entries called names. A name that none is called is an error.
func (ps *panels) of(names []string, entries map[string]*entry) (*panel, error) {
	if p, ok := ps.lists.Load(&names[0]); ok && slices.Equal(p.(*panel).names, names) {
		return p.(*panel), nil
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	key := fmt.Sprintf("%q", names)
	p := ps.named[key]
	if p == nil {
		read, err := named(names, entries)
		if err != nil {
			return nil, err
		}
		p = newPanel(slices.Clone(names), read, ps.memory)
		if len(ps.named) < maxPanels {
			ps.named[key] = p
		}
	}
	if ps.known < maxLists {
		ps.known++
		ps.lists.Store(&names[0], p)
	}
	return p, nil
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
