package policy

import (
	"encoding/binary"
	"slices"

	"github.com/postern/postern/policy/pattern"
)

// sharing keeps one copy of what many rules of a policy say alike: whom they allow, and what they ask
// of the user.
type sharing struct {
	key     []byte // of the thing at hand
	lists   map[string][]string
	callers map[string][]pattern.Pattern
	users   map[string]*userRule
	terms   map[string]*terms
}

func newSharing() *sharing {
	return &sharing{
		lists: map[string][]string{}, callers: map[string][]pattern.Pattern{}, users: map[string]*userRule{}, terms: map[string]*terms{},
	}
}

// add adds a list of strings to a key, so that no two lists add the same.
func (s *sharing) add(all []string) {
	s.key = binary.AppendUvarint(s.key, uint64(len(all)))
	for _, text := range all {
		s.key = binary.AppendUvarint(s.key, uint64(len(text)))
		s.key = append(s.key, text...)
	}
}

func (s *sharing) list(all []string) []string {
	if len(all) == 0 {
		return nil
	}
	s.key = s.key[:0]
	s.add(all)
	return shared(s.lists, s.key, func() []string { return slices.Clip(all) })
}

func (s *sharing) callersOf(all []pattern.Pattern) []pattern.Pattern {
	s.key = s.key[:0]
	for _, p := range all {
		s.key = append(append(s.key, p.String()...), 0) // which no pattern has in it
	}
	return shared(s.callers, s.key, func() []pattern.Pattern { return slices.Clip(all) })
}

func (s *sharing) user(u *userRule) *userRule {
	s.key = s.key[:0]
	s.add(u.providers)
	for _, v := range []values{u.subjects, u.clients, u.audiences, u.scopes, u.roles, u.acr, u.amr} {
		s.add(v.want)
		if v.all {
			s.key = append(s.key, 1)
		} else {
			s.key = append(s.key, 0)
		}
	}
	s.key = binary.AppendVarint(s.key, int64(u.maxAge))
	s.key = append(s.key, byte(u.bound))
	return shared(s.users, s.key, func() *userRule {
		kept := *u
		kept.providers = s.list(u.providers)
		return &kept
	})
}

func (s *sharing) termsOf(t terms) *terms {
	s.key = s.key[:0]
	s.add(t.hosts)
	s.add(t.methods)
	s.add(t.upgrades)
	return shared(s.terms, s.key, func() *terms { return &t })
}

// shared returns what is known by a key, made when it is new.
func shared[T any](known map[string]T, key []byte, kept func() T) T {
	if v, ok := known[string(key)]; ok {
		return v
	}
	name := string(key) // before kept uses the key
	v := kept()
	known[name] = v
	return v
}
