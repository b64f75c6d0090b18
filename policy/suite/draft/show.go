package draft

import (
	"slices"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// maxRounds bounds how often a request is changed to get what stands in its way out of it.
const maxRounds = 6

// show returns a request that the rule matches, near a wish that all of these rules match; nil
// when none was found. What else stands in the way of an allow, denies and what guardrails
// require, it tries to satisfy and to avoid.
func (a *author) show(w *wish, rules []*rule, r *rule) *answer {
	w, rules = w.clone(), slices.Clone(rules)
	a.satisfy(w, rules)
	var best *answer
	for range maxRounds {
		result, ok := a.ask(w)
		if !ok {
			return best
		}
		e, held := evaluationOf(result, r)
		matched := held && e.Matched()
		if matched && best == nil {
			best = &answer{w, result}
		}
		if matched && a.isShown(r, rules, result) {
			return &answer{w, result}
		}
		next := a.better(w, rules, r, result)
		if next == nil {
			return best
		}
		w = next
	}
	return best
}

// isShown says that nothing hides what the rule does: an allow allows, and what denies is the rule.
func (a *author) isShown(r *rule, rules []*rule, result *suite.Result) bool {
	if a.blocker(r, result) != nil {
		return false
	}
	switch {
	case r.Shadow != nil:
		return true
	case r.effect == policy.Deny:
		return result.Decision.Rule == r.at && !slices.ContainsFunc(rules, func(o *rule) bool {
			e, held := evaluationOf(result, o)
			return !held || !e.Matched()
		})
	}
	return result.Decision.Allow
}

// blocker returns a deny other than r that denies, nil when none does.
func (a *author) blocker(r *rule, result *suite.Result) *rule {
	for _, e := range result.Decision.Rules {
		other := a.rules[e.Rule.Position()]
		if other != nil && other != r && other.Shadow == nil && other.effect == policy.Deny && (e.Matched() || !e.Told()) {
			return other
		}
	}
	return nil
}

// clear returns an answer to a wish that no deny matches, if it can be had.
func (a *author) clear(w *wish) *answer {
	var found *answer
	for range maxRounds {
		result, ok := a.ask(w)
		if !ok {
			return found
		}
		found = &answer{w, result}
		next := a.better(w, nil, nil, result)
		if next == nil {
			return found
		}
		w = next
	}
	return found
}

// better returns a wish without one thing that stands in the way of w; nil when there is none to
// be found.
func (a *author) better(w *wish, rules []*rule, r *rule, result *suite.Result) *wish {
	if deny := a.blocker(r, result); deny != nil {
		return a.avoid(w, deny, rules)
	}
	for _, e := range result.Decision.Rules {
		other := a.rules[e.Rule.Position()]
		if other == nil || other == r || other.Shadow != nil || other.effect != policy.Require {
			continue
		}
		if !e.Matched() && len(rules) > 0 && !slices.Contains(rules, other) {
			next := w.clone()
			a.satisfy(next, slices.Concat(rules, []*rule{other}))
			return next
		}
	}
	return nil
}

// avoid returns a wish that a deny does not match, and that all of the rules match still.
func (a *author) avoid(w *wish, deny *rule, rules []*rule) *wish {
	for _, bit := range (policy.OnWhen<<1 - 1).Each {
		if !names(deny, bit) {
			continue
		}
		for _, next := range a.spoil(w, deny, bit) {
			result, ok := a.ask(next)
			if !ok {
				continue
			}
			e, held := evaluationOf(result, deny)
			if held && (e.Matched() || !e.Told()) {
				continue
			}
			keeps := func(r *rule) bool { e, held := evaluationOf(result, r); return held && e.Matched() }
			if !slices.ContainsFunc(rules, func(r *rule) bool { return !keeps(r) }) {
				return next
			}
		}
	}
	return nil
}

// names says that a rule has a conjunct.
func names(r *rule, bit policy.Conjuncts) bool {
	switch bit {
	case policy.OnCallers:
		return len(r.callers) > 0 && !r.anyone
	case policy.OnHeaders:
		return len(r.Headers) > 0
	case policy.OnSource:
		return len(r.Source) > 0
	case policy.OnWhen:
		return r.When != nil
	default:
		return r.User != nil && asks(r.User, bit)
	}
}

// asks says that a rule asks for this of the user.
func asks(u *syntax.User, bit policy.Conjuncts) bool {
	for named := range policy.NamedOf(u) {
		if named == bit {
			return true
		}
	}
	return false
}
