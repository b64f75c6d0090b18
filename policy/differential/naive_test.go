package differential_test

import (
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// An answer is what the documentation says must come of a question. Where it leaves open which of
// several is named, all of them are here.
type answer struct {
	verdict
	places    []place // one of which is named; none when there is no route
	providers []string
	shadow    *verdict // what it would have been; nil when no rule is in shadow
	weighed   []weighed
}

// What came of one rule.
type weighed struct {
	rule *rule
	is   outcome
}

// A verdict is the part of an answer that rules in shadow could change.
type verdict struct {
	allow      bool
	reason     reason.Code
	rules      []int // the IDs of those of which one is named; none when none decided
	challenges []policy.Challenge
	retry      int
}

// A naive interpreter answers one question by reading the world again, from the start.
type naive struct {
	w          *world
	q          *question
	places     []place
	guardrails []*guardrail // those that apply
	denies     []standing
	allows     []standing
	credential identity.Credential
	seen       reached
}

// answer reads "Verdict" of docs/policy.md, from top to bottom.
func (w *world) answer(q *question, seen reached) answer {
	n := &naive{w: w, q: q, places: w.choose(q), seen: seen}
	for _, m := range w.Meshes {
		n.guardrails = append(n.guardrails, keep(m.Guardrails, func(g *guardrail) bool { return g.applies(q) })...)
	}
	for _, s := range w.mine() {
		for _, r := range s.Deny {
			n.denies = append(n.denies, standing{rule: r, deny: true, ofPolicy: true, groups: s.Groups})
		}
	}
	for _, p := range n.places {
		var path template
		if p.route.HTTP != nil {
			path = p.route.HTTP.Path
		}
		for _, r := range p.route.Deny {
			n.denies = append(n.denies, standing{rule: r, deny: true, path: path, groups: p.service.Groups})
		}
		for _, r := range p.route.Allow {
			n.allows = append(n.allows, standing{rule: r, path: path, groups: p.service.Groups})
		}
	}
	a := answer{places: n.places, providers: n.providers()}
	n.credential = q.credential(a.providers)
	a.verdict = n.enforced().judge()
	if a.reason != reason.BadHeader && slices.ContainsFunc(n.rules(), func(r *rule) bool { return r.Shadow }) {
		would := n.judge()
		a.shadow = &would
	}
	n.seen.answered(n, &a)
	for _, s := range slices.Concat(n.guards(func(*guardrail) bool { return true }), n.denies, n.allows) {
		a.weighed = append(a.weighed, weighed{s.rule, n.weigh(s)})
	}
	return a
}

// rules are those that count, and those in shadow.
func (n *naive) rules() []*rule {
	var all []*rule
	for _, g := range n.guardrails {
		all = append(all, g.rule())
	}
	for _, s := range slices.Concat(n.denies, n.allows) {
		all = append(all, s.rule)
	}
	return all
}

// enforced returns the same without the rules in shadow.
func (n *naive) enforced() *naive {
	e := *n
	e.guardrails = keep(n.guardrails, func(g *guardrail) bool { return !g.rule().Shadow })
	e.denies = keep(n.denies, func(s standing) bool { return !s.rule.Shadow })
	e.allows = keep(n.allows, func(s standing) bool { return !s.rule.Shadow })
	return &e
}

// providers are those whose credentials are read, sorted.
func (n *naive) providers() []string {
	var all []string
	for _, r := range n.enforced().rules() {
		if r.User != nil {
			all = append(all, r.User.Providers...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// judge goes through the steps of the verdict with the rules that count.
func (n *naive) judge() verdict {
	if n.commaRead() && shadowReadsCommas || n.enforced().commaRead() {
		return verdict{reason: reason.BadHeader}
	}
	if denied := n.hit(n.guards(func(g *guardrail) bool { return g.Deny != nil })); len(denied) > 0 {
		return verdict{reason: reason.DeniedByGuardrail, rules: denied}
	}
	if denied := n.hit(n.denies); len(denied) > 0 {
		return verdict{reason: reason.DeniedByRule, rules: denied}
	}
	v := n.refuseOrAllow()
	if v.allow || n.credential.Reason == reason.TokenRevoked || n.q.Method == "CONNECT" {
		return v
	}
	alive := n.onboarding()
	if len(alive) > 0 && !slices.ContainsFunc(n.requires(), func(s standing) bool { return n.weigh(s) != holds }) {
		return verdict{allow: true, reason: reason.Onboarding, rules: alive}
	}
	return v
}

// refuseOrAllow has what comes after the denies.
func (n *naive) refuseOrAllow() verdict {
	switch c := n.credential; {
	case len(n.w.mine()) == 0:
		return verdict{reason: reason.NoPolicy}
	case len(n.places) == 0:
		return verdict{reason: reason.NoRoute}
	case c.Presented && c.User == nil:
		return n.refuse()
	}
	var allowed []int
	for _, a := range n.allows {
		if weigh(n.together(a)) == holds {
			allowed = append(allowed, a.rule.ID)
		}
	}
	if len(allowed) > 0 {
		return verdict{allow: true, reason: reason.Allowed, rules: allowed}
	}
	return n.refuse()
}

// refuse finds the first line of the table of refusals that is so.
func (n *naive) refuse() verdict {
	some := func(is func(standing) bool) bool { return slices.ContainsFunc(n.allows, is) }
	if !some(func(a standing) bool { return a.names(n.q.Caller) }) {
		return verdict{reason: reason.CallerNotGranted}
	}
	missed := n.missed()
	if n.credential.User == nil && n.credential.Reason != reason.Internal && some(func(a standing) bool { return only(n.together(a), lacksUser) }) {
		if n.credential.Presented {
			return verdict{reason: n.credential.Reason, retry: n.credential.RetryAfter, rules: missed}
		}
		return verdict{reason: reason.CredentialMissing, rules: missed}
	}
	if n.credential.User != nil {
		var challenges []policy.Challenge
		for _, a := range n.allows {
			if only(n.together(a), lacksLogin) {
				challenges = append(challenges, n.challengesOf(a)...)
			}
		}
		if len(challenges) > 0 {
			return verdict{reason: reason.StepUp, challenges: challenges, rules: missed}
		}
	}
	if missed != nil {
		return verdict{reason: reason.GuardrailNotMet, rules: missed}
	}
	return verdict{reason: reason.NotGranted}
}

// missed are the requirements that do not match, where some allow would match without them.
func (n *naive) missed() []int {
	if !slices.ContainsFunc(n.allows, func(a standing) bool { return n.weigh(a) == holds }) {
		return nil
	}
	var ids []int
	for _, r := range n.requires() {
		if n.weigh(r) != holds {
			ids = append(ids, r.rule.ID)
		}
	}
	return ids
}

func lacksUser(c conjunct) bool {
	return c.about == "user" && c.is == fails || c.about == "when" && c.is == unsure && c.needUser
}

func lacksLogin(c conjunct) bool {
	return c.is == fails && (c.about == "acr" || c.about == "amr" || c.about == "maxAge")
}

// only says that what does not hold is all of one kind.
func only(conjuncts []conjunct, kind func(conjunct) bool) bool {
	return !slices.ContainsFunc(conjuncts, func(c conjunct) bool { return c.is != holds && !kind(c) })
}

// challenges asks for what the allow and every requirement name: the methods of login that are
// good for all of them, and the shortest age. Where no method is good for all there is one
// challenge for each list of methods, none of which helps.
func (n *naive) challengesOf(a standing) []policy.Challenge {
	var all policy.Challenge
	var lists [][]string
	for _, s := range append(n.requires(), a) {
		u := s.rule.User
		if u == nil {
			continue
		}
		if u.ACR != nil {
			lists = append(lists, u.ACR.Values)
		}
		if u.MaxAge > 0 && (all.MaxAge == 0 || u.MaxAge < all.MaxAge) {
			all.MaxAge = u.MaxAge
		}
	}
	if len(lists) == 0 {
		return []policy.Challenge{all}
	}
	all.ACR = keep(lists[0], func(acr string) bool {
		return !slices.ContainsFunc(lists, func(list []string) bool { return !slices.Contains(list, acr) })
	})
	if len(all.ACR) > 0 {
		return []policy.Challenge{all}
	}
	var each []policy.Challenge
	for _, list := range lists {
		each = append(each, policy.Challenge{ACR: list, MaxAge: all.MaxAge})
	}
	return each
}

// together are the conjuncts of an allow and of every requirement that applies.
func (n *naive) together(a standing) []conjunct {
	all := n.conjuncts(a)
	for _, r := range n.requires() {
		all = append(all, n.conjuncts(r)...)
	}
	return all
}

func (n *naive) weigh(s standing) outcome { return weigh(n.conjuncts(s)) }

func (n *naive) conjuncts(s standing) []conjunct {
	all := s.conjuncts(n.q, n.credential.User)
	n.seen.weighed(s, n.q, all)
	return all
}

// hit are the denies that match, or cannot be told.
func (n *naive) hit(denies []standing) []int {
	var ids []int
	for _, s := range denies {
		if n.weigh(s) != fails {
			ids = append(ids, s.rule.ID)
		}
	}
	return ids
}

func (n *naive) requires() []standing {
	return n.guards(func(g *guardrail) bool { return g.Require != nil })
}

func (n *naive) guards(which func(*guardrail) bool) []standing {
	var all []standing
	for _, g := range keep(n.guardrails, which) {
		s := standing{rule: g.rule(), deny: g.Deny != nil, require: g.Require != nil}
		if g.HTTP != nil {
			s.path = g.HTTP.Path
		}
		all = append(all, s)
	}
	return all
}

// commaRead says that a header that the rules read has a comma, where that may be two headers.
func (n *naive) commaRead() bool {
	for _, r := range n.rules() {
		var names []string
		for _, h := range r.Headers {
			names = append(names, h.Name)
		}
		if r.When != nil {
			names = r.When.headers(names)
		}
		for _, name := range names {
			if n.q.Joined && slices.ContainsFunc(n.q.header(name), func(v string) bool { return strings.Contains(v, ",") }) {
				return true
			}
		}
	}
	return false
}

// onboarding are the IDs of the entries that have the workload brought under policy now.
func (n *naive) onboarding() []int {
	var ids []int
	for _, m := range n.w.Meshes {
		for _, o := range m.Onboarding {
			if anyMatches(o.Workloads, workload) && n.q.Time.Before(o.Until) {
				ids = append(ids, o.ID)
			}
		}
	}
	return ids
}
