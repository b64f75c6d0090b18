package lint

import (
	"slices"
	"time"

	"github.com/postern/postern/policy/lint/edit"
)

// A bench is rules that are compared with each other: mine are those that may be superfluous,
// all are those that hold wherever mine do, mine among them.
type bench struct{ mine, all []*rule }

// checkRules compares the rules of each route, and those of each policy.
func (w *world) checkRules() {
	for _, p := range w.policies {
		w.checkBench(bench{enforcedOf(p.deny), p.realm.deny})
		for _, r := range p.routes {
			denies, allows := slices.Clip(p.realm.deny), []*rule(nil)
			for _, peer := range w.peers(r) {
				denies = append(denies, enforcedOf(peer.deny)...)
				allows = append(allows, enforcedOf(peer.allow)...)
			}
			w.checkBench(bench{enforcedOf(r.deny), denies})
			w.checkBench(bench{enforcedOf(r.allow), allows})
			w.checkContradictions(r, denies)
		}
	}
}

func enforcedOf(rules []*rule) []*rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r *rule) bool { return !r.enforced() })
}

// checkBench finds the rules that others make superfluous.
func (w *world) checkBench(b bench) {
	if len(b.mine) == 0 {
		return
	}
	x := newCallerIndex(b.all)
	for _, a := range b.mine {
		candidates := x.around(a)
		if !w.spend(len(candidates), a.at) {
			return
		}
		var better, undercuts *rule
		for _, other := range candidates {
			if other == a || other.gone || !a.within(other) || isTwin(a, other) && a.at.Compare(other.at) < 0 {
				continue
			}
			if b.isMissed(a, other) {
				undercuts = other
				continue
			}
			better = other
			break
		}
		switch {
		case better != nil:
			a.gone = true
			w.add(SubsumedRule, a, "every request that this %s matches is matched by %v, and every decision would be the same without this rule: take it out", a.effect, better.seenFrom(a.at)).
				related(better.at, "the rule that does the same").fix("take the rule out", a.at, edit.Item)
		case undercuts != nil:
			w.add(UndercutRule, a, "every request that this %s matches is matched by %v, which asks for less: what this rule asks beyond that changes nothing but which credentials and headers are read", a.effect, undercuts.seenFrom(a.at)).
				related(undercuts.at, "the rule that asks for less")
		}
	}
}

// A callerIndex finds the rules whose callers may be all that another's are.
type callerIndex struct {
	all  []*rule
	wide []*rule         // of anyone, of all, or of patterns
	by   map[*id][]*rule // the others, by each of their callers; nil when there are few
}

// manyRules is where an index begins to be faster than a search.
const manyRules = 32

func newCallerIndex(rules []*rule) *callerIndex {
	x := &callerIndex{all: rules}
	if len(rules) < manyRules {
		return x
	}
	x.by = map[*id][]*rule{}
	for _, r := range rules {
		if !r.callers.named || r.callers.anyone || slices.ContainsFunc(r.callers.parts, func(s *idSet) bool { return len(s.wild) > 0 }) {
			x.wide = append(x.wide, r)
			continue
		}
		for _, s := range r.callers.parts {
			for _, i := range s.ids {
				x.by[i] = append(x.by[i], r)
			}
		}
	}
	return x
}

// around returns the rules that are worth a look, in their order but for those that are wide.
func (x *callerIndex) around(a *rule) []*rule {
	switch {
	case x.by == nil:
		return x.all
	case !a.callers.named || a.callers.anyone || len(a.callers.parts) == 0 || len(a.callers.parts[0].ids) == 0:
		return x.wide
	}
	return slices.Concat(x.by[a.callers.parts[0].ids[0]], x.wide)
}

// isTwin says that b is within a, too, wherever it stands, so that either of them could go.
func isTwin(a, b *rule) bool {
	return (a.route == nil) == (b.route == nil) && b.within(a) && b.policy.realm.covers[a.policy.realm]
}

// isMissed says that a decision could be another without a, which other does the work of:
// because a makes credentials or headers be read that nobody else reads, or asks for another login
// than other does.
func (b bench) isMissed(a, other *rule) bool {
	if a.effect == allow && !a.challengesLike(other) {
		return true
	}
	return !b.isReadWithout(a, other, (*rule).providerNames) || !b.isReadWithout(a, other, (*rule).headerNames)
}

// isReadWithout says that what a makes be read is read because of other rules, too.
func (b bench) isReadWithout(a, other *rule, names func(*rule) []string) bool {
	want := names(a)
	missing := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(names(other), name) })
	for _, r := range b.all {
		if len(missing) == 0 {
			break
		}
		if r == a || r.gone {
			continue
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return slices.Contains(names(r), name) })
	}
	return len(missing) == 0
}

// challengesLike says that a step-up to meet r asks for the same as one to meet b.
func (r *rule) challengesLike(b *rule) bool {
	return !r.isForeign() && !b.isForeign() && r.user.challengesLike(b.user)
}

// challengesLike compares what a challenge can ask for.
func (u *user) challengesLike(v *user) bool {
	acr := func(u *user) []string {
		if u == nil || u.single[2] == nil {
			return nil
		}
		return u.single[2].want
	}
	age := func(u *user) time.Duration {
		if u == nil {
			return 0
		}
		return u.maxAge
	}
	return slices.Equal(acr(u), acr(v)) && age(u) == age(v)
}

// checkContradictions finds allows of a route that never allow, for what denies or guardrails say.
func (w *world) checkContradictions(r *route, denies []*rule) {
	allows := enforcedOf(r.allow)
	if len(allows) == 0 || !w.spend(len(allows)*(len(denies)+len(r.guards)), allows[0].at) {
		return
	}
	for _, a := range allows {
		if d := contradicting(a, denies, r.guards); d != nil {
			verb := "is denied by %v: it allows nothing"
			if d.effect == require {
				verb = "does not meet %v: it allows nothing"
			}
			w.add(ContradictedAllow, a, "every request that this allow matches "+verb, d.seenFrom(a.at)).related(d.at, "what stands against it")
		}
	}
}

// contradicting returns what denies whatever an allow matches, or nil.
func contradicting(a *rule, denies []*rule, guards []*guardrail) *rule {
	for _, d := range denies {
		if !d.isUnconditional() && a.within(d) {
			return d
		}
	}
	for _, g := range guards {
		if g.rule.effect == deny && a.within(g.rule) || g.rule.effect == require && a.apart(g.rule) {
			return g.rule
		}
	}
	return nil
}

// isUnconditional says that the rule matches every request that it is held against.
func (r *rule) isUnconditional() bool {
	return !r.isForeign() && (!r.callers.named || r.callers.anyone) && r.user == nil && len(r.headers) == 0 && len(r.source) == 0 && r.from.When == nil
}

// checkClosed finds denies that leave nothing of what stands beside them.
func (w *world) checkClosed() {
	closed := func(d *rule, allows int) {
		if d.isUnconditional() && d.enforced() && allows > 0 {
			w.add(DeniesEverything, d, "this deny matches every request, and none of the %s beside it ever allows one: take the deny out, or name what it is against", count(allows, "allow"))
		}
	}
	for _, p := range w.policies {
		total := 0
		for _, r := range p.routes {
			total += len(r.allow)
			for _, d := range r.deny {
				closed(d, len(r.allow))
			}
		}
		for _, d := range p.deny {
			closed(d, total)
		}
	}
}
