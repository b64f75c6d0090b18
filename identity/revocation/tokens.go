package revocation

import (
	"slices"
	"time"

	"github.com/postern/postern/identity"
)

// tokens is what is cut off of one provider's tokens.
type tokens struct {
	ids, sessions, keys map[string]*Entry
	subjects            map[string]cuts
	all                 cuts
}

func newTokens() *tokens {
	return &tokens{ids: map[string]*Entry{}, sessions: map[string]*Entry{}, keys: map[string]*Entry{}, subjects: map[string]cuts{}}
}

// add takes in an entry of the kind and value.
func (t *tokens) add(kind Kind, value string, e *Entry) {
	switch kind {
	case TokenIDs:
		t.ids[value] = later(t.ids[value], e)
	case SessionIDs:
		t.sessions[value] = later(t.sessions[value], e)
	case KeyIDs:
		t.keys[value] = later(t.keys[value], e)
	case Subjects:
		t.subjects[value] = t.subjects[value].add(e)
	default:
		t.all = t.all.add(e)
	}
}

func (t *tokens) find(u *identity.User, now time.Time) *Entry {
	if t == nil {
		return nil
	}
	for _, e := range [...]*Entry{t.ids[u.TokenID], t.sessions[u.Session], t.keys[u.KeyID]} {
		if e.Holds(now) {
			return e
		}
	}
	if e := t.subjects[u.Subject].find(u.IssuedAt, now); e != nil {
		return e
	}
	for i := range u.Actors { // any of them: one that is compromised may have handed the token on
		if e := t.subjects[u.Actors[i].Subject].find(u.IssuedAt, now); e != nil {
			return e
		}
	}
	return t.all.find(u.IssuedAt, now)
}

// cuts is entries for one thing, of which each cuts off tokens that were issued before a time, or
// all. None makes another needless: those that end later come first, and reach less far.
type cuts []*Entry

// add returns the cuts with e, without those that are needless then.
func (c cuts) add(e *Entry) cuts {
	if slices.ContainsFunc(c, func(other *Entry) bool { return other.covers(e) }) {
		return c
	}
	c = slices.DeleteFunc(c, e.covers)
	at, _ := slices.BinarySearchFunc(c, e, func(a, b *Entry) int { return b.until.Compare(a.until) })
	return slices.Insert(c, at, e)
}

// covers says that e cuts off all that other does, for as long.
func (e *Entry) covers(other *Entry) bool {
	return !e.until.Before(other.until) && (e.issued.IsZero() || !other.issued.IsZero() && !e.issued.Before(other.issued))
}

// find returns the entry that cuts off what was issued then: of those that have not ended, the
// last reaches farthest. No time of issue is before any time.
func (c cuts) find(issued, now time.Time) *Entry {
	for i := len(c) - 1; i >= 0; i-- {
		if !c[i].Holds(now) {
			continue
		}
		if c[i].issued.IsZero() || issued.Before(c[i].issued) {
			return c[i]
		}
		return nil
	}
	return nil
}
