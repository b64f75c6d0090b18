package lint

import (
	"net/netip"
	"slices"
)

// within says that b matches every request that a matches: each conjunct of b is implied by one of
// a. Where a denies, b denies too, and cannot be told only where a matches or cannot be told
// either. It may be false where that is so after all, never true where it is not.
func (a *rule) within(b *rule) bool {
	return a.callers.within(&b.callers) && a.user.within(b.user) && a.headersWithin(b) && a.sourceWithin(b) && a.whenWithin(b)
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

func (a *rule) headersWithin(b *rule) bool {
	return !slices.ContainsFunc(b.headers, func(want header) bool {
		i := slices.IndexFunc(a.headers, func(h header) bool { return h.name == want.name })
		return i < 0 || !a.headers[i].within(want, a.effect != deny, b.effect != deny)
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

func (a *rule) sourceWithin(b *rule) bool {
	if len(a.source) == 0 || len(b.source) == 0 {
		return len(b.source) == 0
	}
	return !slices.ContainsFunc(a.source, func(p netip.Prefix) bool { return !covered(p, b.source) })
}

// covered says that one of several ranges holds all of p.
func covered(p netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

// whenWithin compares conditions by their text, and what the variables in it are.
func (a *rule) whenWithin(b *rule) bool {
	if b.from.When == nil {
		return true
	}
	return a.from.When != nil && a.from.When.Text == b.from.When.Text && a.when != nil && a.path == b.path
}

// apart says that no request matches both of two rules that allow or are required. It may be false
// where that is so after all, never true where it is not.
func (a *rule) apart(b *rule) bool {
	return a.callers.apart(&b.callers) || a.user.apart(b.user) || a.headersApart(b) || a.sourceApart(b)
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
	return !intersects(u.providers, v.providers)
}

func (a *rule) headersApart(b *rule) bool {
	return slices.ContainsFunc(a.headers, func(x header) bool {
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

func (a *rule) sourceApart(b *rule) bool {
	if len(a.source) == 0 || len(b.source) == 0 {
		return false
	}
	return !slices.ContainsFunc(a.source, func(p netip.Prefix) bool { return slices.ContainsFunc(b.source, p.Overlaps) })
}

// subset says that all of a, which is sorted as b is, is in b.
func subset(a, b []string) bool {
	return len(a) <= len(b) && !slices.ContainsFunc(a, func(s string) bool { _, found := slices.BinarySearch(b, s); return !found })
}

// intersects says that two sorted lists have something in common.
func intersects(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { _, found := slices.BinarySearch(b, s); return found })
}
