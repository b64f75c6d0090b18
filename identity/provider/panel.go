package provider

import (
	"errors"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// A panel is the providers that one route reads: those of a list of names, by their places. Only what it
// remembers changes.
type panel struct {
	names []string
	seats []seat
}

// A seat is the providers of a panel that find their credential in one place.
type seat struct {
	place   identity.Place
	limit   int // bytes that a credential may have for any of them
	entries []*entry

	// chosen is whose the credentials were that one of several proved: an index of entries. So a credential
	// that is known is not even parsed.
	chosen kind.Kept[int]
}

// newPanel returns the panel of entries, each once, which remembers in a Memory; that may be nil.
func newPanel(names []string, entries []*entry, in *kind.Memory) *panel {
	p := &panel{names: names}
	for _, e := range entries {
		s := p.seat(e.config.From)
		s.entries = append(s.entries, e)
		s.limit = max(s.limit, e.matcher.MaxSize())
	}
	for i := range p.seats {
		if len(p.seats[i].entries) > 1 {
			p.seats[i].chosen = kind.NewKeeper[bool, int](in).Of(true)
		}
	}
	return p
}

// seat returns that of a place, which is a new one at first.
func (p *panel) seat(place identity.Place) *seat {
	for i := range p.seats {
		if p.seats[i].place == place {
			return &p.seats[i]
		}
	}
	p.seats = append(p.seats, seat{place: place})
	return &p.seats[len(p.seats)-1]
}

// A finding is the one credential of a request, where it is, and whose it claims to be.
type finding struct {
	place  identity.Place
	chosen *entry

	seat  *seat
	index int  // of chosen
	known bool // because it was proven before
}

// remember is for when the chosen one has proven c.
func (f *finding) remember(c *kind.Presented) {
	if !f.known {
		f.seat.chosen.Put(c, f.index, 0)
	}
}

// present finds the one credential at the places of the panel, makes it c, and chooses who is to
// prove it. With an error, the finding has what is known nevertheless.
func (p *panel) present(r kind.Request, c *kind.Presented) (finding, error) {
	s, raw, err := p.look(r.Headers)
	if s == nil {
		return finding{}, err
	}
	found := finding{place: s.place, seat: s}
	if err != nil {
		return found, err
	}
	c.Reset(raw, s.limit, r)
	if len(s.entries) == 1 {
		found.chosen, found.known = s.entries[0], true
		return found, nil
	}
	if found.index, found.known = s.chosen.Get(c); !found.known {
		found.index, err = s.choose(c)
	}
	if err == nil {
		found.chosen = s.entries[found.index]
	}
	return found, err
}

// errNowhere says that there is no credential. There is one such error, as it is the most common.
var errNowhere error = &reason.Error{Code: reason.CredentialMissing, Cause: errors.New("nothing at the place of any provider")}

// look returns the one credential at the places of the panel, and where it is, or errNowhere. A credential
// that is found and bad is one, too.
func (p *panel) look(h kind.Headers) (at *seat, raw string, err error) {
	found := 0
	for i := range p.seats {
		s := &p.seats[i]
		if r, e := find(s.place, h, s.limit); !errors.Is(e, errNowhere) {
			at, raw, err = s, r, e
			found++
		}
	}
	switch found {
	case 0:
		return nil, "", errNowhere
	case 1:
		return at, raw, err
	}
	return nil, "", reason.Errorf(reason.CredentialDuplicate, "credentials at %d places", found)
}

// choose returns the index of the one provider that is to prove a credential: the only one of those that it
// matches best.
func (s *seat) choose(c *kind.Presented) (int, error) {
	best, index, matching := kind.None, 0, 0
	for i, e := range s.entries {
		m := e.matcher.Match(c)
		if m > best {
			best, matching = m, 0
		}
		if m == best && m != kind.None {
			index = i
			matching++
		}
	}
	switch {
	case matching == 1:
		return index, nil
	case best == kind.Own:
		return 0, reason.Errorf(reason.TokenAudience, "the credential is for %d providers", matching)
	case best == kind.Kin:
		return 0, reason.Errorf(reason.TokenAudience, "the credential is for none of %d providers of its issuer", matching)
	}
	if _, err := c.Token(); err != nil {
		return 0, err
	}
	return 0, reason.Errorf(reason.TokenIssuer, "the credential is of none of %d providers", len(s.entries))
}
