package provider

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// A Set is all providers with the keys of one time. It is immutable, but for what it remembers. A nil Set
// has none.
type Set struct {
	entries map[string]*entry
	panels  panels
	unused  sync.Pool // of *kind.Presented
}

// An entry is one provider of a Set.
type entry struct {
	config identity.Provider
	kind   string
	source kind.Source
	prover kind.Prover

	matcher kind.Matcher // the prover, or what only inspects
	alone   *panel       // it and no other; nil where nothing asks
}

// newSet returns a Set of as many entries as are put into it, whose panels remember in a Memory.
func newSet(size int, in *kind.Memory) *Set {
	s := &Set{entries: make(map[string]*entry, size)}
	s.panels.memory, s.panels.seed = in, maphash.MakeSeed()
	s.panels.known.Store(&map[uint64]*panel{})
	return s
}

// Authenticate finds the credential of one of the providers called names, at their places and
// nowhere else, and has it proven at the time at. It waits for nothing, but for an issuer where the
// provider's kind has to ask it: then no longer than ctx. Unless the result's Reason is
// Allowed it has no User. No names are nobody looking; a name that is not in the Set is an
// Internal fault, which denies. The names are read and not kept.
func (s *Set) Authenticate(ctx context.Context, names []string, r kind.Request, at time.Time, caller identity.Caller) identity.Credential {
	if len(names) == 0 {
		return identity.Credential{}
	}
	p, err := s.panel(names)
	if err != nil {
		return refuse(false, 0, err)
	}
	c, ok := s.unused.Get().(*kind.Presented)
	if !ok {
		c = &kind.Presented{}
	}
	defer func() {
		c.Reset("", 0, kind.Request{})
		s.unused.Put(c)
	}()
	found, err := p.present(r, c)
	switch {
	case errors.Is(err, errNowhere): // which needs no more words, so that it costs no memory
		return identity.Credential{Reason: reason.CredentialMissing}
	case err != nil:
		return refuse(true, 0, err)
	}
	user, wait, err := found.chosen.prover.Prove(ctx, c, at, caller)
	switch {
	case err != nil:
		return refuse(true, wait, err)
	case user.IsZero():
		return refuse(true, 0, errors.New("a user was proven and is nobody"))
	}
	found.remember(c)
	return identity.Credential{User: user, Presented: true, Reason: reason.Allowed}
}

func refuse(presented bool, wait int, err error) identity.Credential {
	code := reason.Of(err)
	if !code.Unavailable() {
		wait = 0
	}
	return identity.Credential{Presented: presented, Reason: code, RetryAfter: wait, Cause: err}
}

// panel returns that of the providers called names.
func (s *Set) panel(names []string) (*panel, error) {
	if s == nil {
		return nil, fmt.Errorf("no provider is called %q", names[0])
	}
	if e := s.entries[names[0]]; e != nil && len(names) == 1 {
		return e.alone, nil
	}
	return s.panels.of(names, s.entries)
}
