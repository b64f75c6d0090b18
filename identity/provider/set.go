package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// A Set is all providers with the keys of one time. It is immutable. A nil Set has none.
type Set struct {
	entries map[string]*entry
	unused  sync.Pool // of *kind.Presented
}

// An entry is one provider of a Set.
type entry struct {
	config identity.Provider
	kind   string
	source kind.Source
	prover kind.Prover

	matcher kind.Matcher // the prover, or what only inspects
}

// Authenticate finds the credential of one of the providers called names, at their places and
// nowhere else, and has it proven at the time at. It waits for nothing, but for an issuer where the
// provider's kind has to ask it: then no longer than ctx. Unless the result's Reason is
// Allowed it has no User. No names are nobody looking; a name that is not in the Set is an
// Internal fault, which denies.
func (s *Set) Authenticate(ctx context.Context, names []string, r kind.Request, at time.Time, caller identity.Caller) identity.Credential {
	if len(names) == 0 {
		return identity.Credential{}
	}
	var few [4]*entry
	entries, err := s.named(few[:0], names)
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
	found, err := present(entries, r, c)
	if err != nil {
		return refuse(reason.Of(err) != reason.CredentialMissing, 0, err)
	}
	user, wait, err := found.chosen.prover.Prove(ctx, c, at, caller)
	switch {
	case err != nil:
		return refuse(true, wait, err)
	case user.IsZero():
		return refuse(true, 0, errors.New("a user was proven and is nobody"))
	}
	return identity.Credential{User: user, Presented: true, Reason: reason.Allowed}
}

func refuse(presented bool, wait int, err error) identity.Credential {
	code := reason.Of(err)
	if !code.Unavailable() {
		wait = 0
	}
	return identity.Credential{Presented: presented, Reason: code, RetryAfter: wait, Cause: err}
}

// named appends the providers called names to entries, each once.
func (s *Set) named(entries []*entry, names []string) ([]*entry, error) {
	for i, name := range names {
		e := s.get(name)
		if e == nil {
			return nil, fmt.Errorf("no provider is called %q", name)
		}
		if !slices.Contains(names[:i], name) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (s *Set) get(name string) *entry {
	if s == nil {
		return nil
	}
	return s.entries[name]
}

// A finding is the one credential of a request, where it is, and whose it claims to be.
type finding struct {
	place  identity.Place
	chosen *entry
}

// present finds the one credential at the places of the entries, makes it c, and chooses who is to
// prove it. With an error, the finding has what is known nevertheless.
func present(entries []*entry, r kind.Request, c *kind.Presented) (finding, error) {
	place, raw, err := look(entries, r.Headers)
	found := finding{place: place}
	if err != nil {
		return found, err
	}
	var few [4]*entry
	here := few[:0]
	for _, e := range entries {
		if e.config.From == place {
			here = append(here, e)
		}
	}
	c.Reset(raw, limitAt(here, place), r)
	found.chosen, err = choose(here, c)
	return found, err
}

// limitAt returns how many bytes the credential at a place may have for any of the entries.
func limitAt(entries []*entry, place identity.Place) int {
	limit := 0
	for _, e := range entries {
		if e.config.From == place {
			limit = max(limit, e.matcher.MaxSize())
		}
	}
	return limit
}

// look returns the one credential at the places of the entries, and its place. A credential
// that is found and bad is one, too.
func look(entries []*entry, h kind.Headers) (identity.Place, string, error) {
	var (
		place identity.Place
		raw   string
		err   error
		found int
	)
	for i, e := range entries {
		if seen(entries[:i], e.config.From) {
			continue
		}
		r, e2 := find(e.config.From, h, limitAt(entries, e.config.From))
		if reason.Of(e2) == reason.CredentialMissing {
			continue
		}
		found++
		place, raw, err = e.config.From, r, e2
	}
	switch found {
	case 0:
		return place, "", reason.Errorf(reason.CredentialMissing, "nothing at the place of any provider")
	case 1:
		return place, raw, err
	}
	return identity.Place{}, "", reason.Errorf(reason.CredentialDuplicate, "credentials at %d places", found)
}

func seen(entries []*entry, place identity.Place) bool {
	for _, e := range entries {
		if e.config.From == place {
			return true
		}
	}
	return false
}

// choose returns the one provider that is to prove a credential: the only one of its place,
// or else the only one of those that it matches best.
func choose(here []*entry, c *kind.Presented) (*entry, error) {
	if len(here) == 1 {
		return here[0], nil
	}
	best := kind.None
	var matching []*entry
	for _, e := range here {
		m := e.matcher.Match(c)
		if m > best {
			best, matching = m, nil
		}
		if m == best && m != kind.None {
			matching = append(matching, e)
		}
	}
	switch {
	case len(matching) == 1:
		return matching[0], nil
	case best == kind.Own:
		return nil, reason.Errorf(reason.TokenAudience, "the credential is for %d providers", len(matching))
	case best == kind.Kin:
		return nil, reason.Errorf(reason.TokenAudience, "the credential is for none of %d providers of its issuer", len(matching))
	}
	if _, err := c.Token(); err != nil {
		return nil, err
	}
	return nil, reason.Errorf(reason.TokenIssuer, "the credential is of none of %d providers", len(here))
}
