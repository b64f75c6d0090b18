package lint

import (
	"slices"

	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
)

// An id is the pattern of SPIFFE IDs, in parts. There is one for each text of a world, so that
// two of them are equal when their pointers are.
type id struct {
	text     string
	domain   string
	segments []string
	exact    bool // there is no wildcard
}

func newID(text string) *id {
	p, err := pattern.Parse(text)
	if err != nil {
		return nil
	}
	i := &id{text: text, domain: p.TrustDomain(), segments: p.Segments()}
	i.exact = !slices.ContainsFunc(i.segments, isWildcard)
	return i
}

func isWildcard(segment string) bool { return segment[0] == '*' }

// within says that b matches whatever a matches.
func (a *id) within(b *id) bool {
	switch {
	case a == b:
		return true
	case b.exact || a.domain != b.domain:
		return false
	}
	for i, want := range b.segments {
		switch {
		case i == len(a.segments):
			return false
		case want == "**": // one segment or more, and a has one here
			return true
		case a.segments[i] == "**" || want != "*" && want != a.segments[i]:
			return false
		}
	}
	return len(a.segments) == len(b.segments)
}

// meets says that some ID matches both.
func (a *id) meets(b *id) bool {
	if a == b || a.domain != b.domain {
		return a == b
	}
	for i := range min(len(a.segments), len(b.segments)) {
		x, y := a.segments[i], b.segments[i]
		switch {
		case x == "**" || y == "**":
			return true
		case x != y && x != "*" && y != "*":
			return false
		}
	}
	return len(a.segments) == len(b.segments)
}

// An idSet is several patterns, of which any may match.
type idSet struct {
	ids   []*id
	wild  []*id
	exact map[*id]bool // all of them, by pointer, when there are many
}

// manyIDs is where an index begins to be faster than a search.
const manyIDs = 16

func newIDSet(ids []*id) *idSet {
	s := &idSet{ids: ids}
	for _, i := range ids {
		if !i.exact {
			s.wild = append(s.wild, i)
		}
	}
	if len(ids) > manyIDs {
		s.exact = make(map[*id]bool, len(ids))
		for _, i := range ids {
			s.exact[i] = true
		}
	}
	return s
}

// covers says that one of the patterns matches whatever i matches.
func (s *idSet) covers(i *id) bool {
	if s.exact[i] || s.exact == nil && slices.Contains(s.ids, i) {
		return true
	}
	return slices.ContainsFunc(s.wild, i.within)
}

// within says that b matches whatever s matches.
func (s *idSet) within(b *idSet) bool {
	return s == b || !slices.ContainsFunc(s.ids, func(i *id) bool { return !b.covers(i) })
}

// meets says that some ID matches both.
func (s *idSet) meets(b *idSet) bool {
	return slices.ContainsFunc(s.ids, func(i *id) bool {
		return b.covers(i) || !i.exact && slices.ContainsFunc(b.ids, i.meets)
	})
}

// callers are what a rule names as such, in parts that rules share: each group is one.
type callers struct {
	named  bool
	anyone bool // any request, with a caller or without
	parts  []*idSet
}

// within says that whatever holds for a holds for b. What names no callers holds for all.
func (a *callers) within(b *callers) bool {
	switch {
	case !b.named || b.anyone:
		return true
	case !a.named || a.anyone:
		return false
	}
	return !slices.ContainsFunc(a.parts, func(s *idSet) bool {
		if slices.Contains(b.parts, s) {
			return false
		}
		return slices.ContainsFunc(s.ids, func(i *id) bool { return !b.covers(i) })
	})
}

func (a *callers) covers(i *id) bool {
	return slices.ContainsFunc(a.parts, func(s *idSet) bool { return s.covers(i) })
}

// apart says that no request holds for both.
func (a *callers) apart(b *callers) bool {
	if !a.named || a.anyone || !b.named || b.anyone {
		return false
	}
	return !slices.ContainsFunc(a.parts, func(s *idSet) bool { return slices.ContainsFunc(b.parts, s.meets) })
}

// isNobody says that a pattern names no workload and no namespace: it has no literal but those
// that every ID of Kubernetes has, /ns/NAMESPACE/sa/ACCOUNT.
func (a *id) isNobody() bool {
	for i, s := range a.segments {
		if !isWildcard(s) && !(i == 0 && s == "ns") && !(i == 2 && s == "sa") {
			return false
		}
	}
	return !a.exact
}

// ids returns the patterns of texts.
func (w *world) ids(texts []syntax.Text) []*id {
	all := make([]*id, 0, len(texts))
	for _, t := range texts {
		if i := w.id(t.Value); i != nil {
			all = append(all, i)
		}
	}
	return all
}

// id returns the pattern of a text, nil for what is none.
func (w *world) id(text string) *id {
	i, known := w.known[text]
	if !known {
		i = newID(text)
		w.known[text] = i
	}
	return i
}
