package lint

import (
	"net/netip"
	"slices"

	"github.com/postern/postern/identity"
)

// within says that b matches every request that r matches: each conjunct of b is implied by one of
// r. Where both deny, b matches or cannot be told wherever r matches or cannot be told. It may be
// false where that is so after all, never true where it is not: of a rule that names a conjunct which is
// foreign here it is false.
func (r *rule) within(b *rule) bool {
	return !r.isForeign() && !b.isForeign() && r.callers.within(&b.callers) && r.user.within(b.user) && r.headersWithin(b) && r.sourceWithin(b) && r.whenWithin(b)
}

// within compares conjunct by conjunct. No user asked for holds for every request.
func (u *user) within(v *user) bool {
	if u == nil || v == nil {
		return v == nil
	}
	for i, want := range v.single {
		if want != nil && (u.single[i] == nil || !subset(u.single[i].want, want.want)) {
			return false
		}
	}
	for i, want := range v.several {
		if want != nil && !u.several[i].implies(want) {
			return false
		}
	}
	if v.bound != identity.BoundNot && u.bound != v.bound {
		return false
	}
	return subset(u.providers, v.providers) && (v.maxAge == 0 || u.maxAge > 0 && u.maxAge <= v.maxAge)
}

// implies compares what is asked of several values of which there may be more.
func (m *match) implies(want *match) bool {
	switch {
	case m == nil:
		return false
	case m.all && want.all:
		return subset(want.want, m.want)
	case m.all:
		return intersects(m.want, want.want)
	case want.all && len(want.want) > 1:
		return false
	}
	return subset(m.want, want.want)
}

func (r *rule) headersWithin(b *rule) bool {
	return !slices.ContainsFunc(b.headers, func(want header) bool {
		i := slices.IndexFunc(r.headers, func(h header) bool { return h.name == want.name })
		return i < 0 || !r.headers[i].within(want, r.effect != deny, b.effect != deny)
	})
}

// within compares two demands on one header. One that is strict, of an allow or a require, tolerates
// no other value than those it names; a deny is content with one of them.
func (h header) within(want header, strict, wantStrict bool) bool {
	switch {
	case want.present != nil && h.present != nil:
		return *want.present == *h.present
	case want.present != nil:
		return *want.present
	case h.present != nil:
		return false
	case !strict || !wantStrict:
		return h.match.implies(want.match) && (strict || !wantStrict)
	case want.match.all:
		return (h.match.all || len(h.match.want) == 1) && slices.Equal(h.match.want, want.match.want)
	default:
		return subset(h.match.want, want.match.want)
	}
}

func (r *rule) sourceWithin(b *rule) bool {
	if len(r.source) == 0 || len(b.source) == 0 {
		return len(b.source) == 0
	}
	return !slices.ContainsFunc(r.source, func(p netip.Prefix) bool { return !covered(p, b.source) })
}

// covered says that one of several ranges holds all of p.
func covered(p netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

// whenWithin compares conditions by their text, and what the variables in it are.
func (r *rule) whenWithin(b *rule) bool {
	if b.from.When == nil {
		return true
	}
	return r.from.When != nil && r.from.When.Text == b.from.When.Text && r.when != nil && r.path == b.path
}

// apart says that no request matches both of two rules that allow or are required. It may be false
// where that is so after all, never true where it is not.
func (r *rule) apart(b *rule) bool {
	return !r.isForeign() && !b.isForeign() &&
		(r.callers.apart(&b.callers) || r.user.apart(b.user) || r.headersApart(b) || r.sourceApart(b))
}

func (u *user) apart(v *user) bool {
	if u == nil || v == nil {
		return false
	}
	for i := range u.single {
		if u.single[i] != nil && v.single[i] != nil && !intersects(u.single[i].want, v.single[i].want) {
			return true
		}
	}
	if u.bound != identity.BoundNot && v.bound != identity.BoundNot && u.bound != v.bound {
		return true
	}
	return !intersects(u.providers, v.providers)
}

func (r *rule) headersApart(b *rule) bool {
	return slices.ContainsFunc(r.headers, func(x header) bool {
		return slices.ContainsFunc(b.headers, func(y header) bool { return x.name == y.name && x.apart(y) })
	})
}

// apart compares two strict demands on one header.
func (h header) apart(o header) bool {
	switch {
	case h.present != nil && o.present != nil:
		return *h.present != *o.present
	case h.present != nil:
		return !*h.present
	case o.present != nil:
		return !*o.present
	case h.match.all && o.match.all:
		return !slices.Equal(h.match.want, o.match.want)
	case h.match.all:
		return !subset(h.match.want, o.match.want)
	case o.match.all:
		return !subset(o.match.want, h.match.want)
	}
	return !intersects(h.match.want, o.match.want)
}

func (r *rule) sourceApart(b *rule) bool {
	if len(r.source) == 0 || len(b.source) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.source, func(p netip.Prefix) bool { return slices.ContainsFunc(b.source, p.Overlaps) })
}

// subset says that all of a, which is sorted as b is, is in b.
func subset(a, b []string) bool {
	return len(a) <= len(b) && !slices.ContainsFunc(a, func(s string) bool { _, found := slices.BinarySearch(b, s); return !found })
}

// intersects says that two sorted lists have something in common.
func intersects(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { _, found := slices.BinarySearch(b, s); return found })
}
