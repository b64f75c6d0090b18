package explain

import (
	"cmp"
	"slices"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// The bounds of a search, which keep it to a part of a second.
const (
	maxAsks    = 600 // decisions
	maxTargets = 40  // rules that might allow
	maxSteps   = 16  // changes that are made together
	maxChanges = 3   // that are told
	maxSingles = 12  // that are told of an allow
)

// A search looks for changes of a request with which the decision is the other.
type search struct {
	e     *Explainer
	meant *syntax.TestUser // whom a credential that was refused would have named; nil: nobody
	asks  int
}

// ask decides on a request as it were with an edit. It is false when that cannot be, or too much
// was asked already.
func (s *search) ask(at *state, d edit) (state, bool) {
	if s.asks++; s.asks > maxAsks || d.apply == nil {
		return state{}, false
	}
	next, err := s.e.ask(d.with(at.in))
	return next, err == nil
}

// changes returns the smallest changes with which the decision were the other.
func (s *search) changes(at *state, t *policy.Trace) []Change {
	switch {
	case !at.looked() || cutOff(at.r.Decision.Reason):
		return s.hopeless(at)
	case at.allowed():
		return s.denials(at, t)
	}
	var plans []plan
	for _, start := range s.starts(at, t) {
		for _, target := range targets(&start.end) {
			if s.asks < maxAsks && len(plans) < maxTargets {
				plans = append(plans, s.toward(start, target))
			}
		}
	}
	for _, p := range plans {
		p.outside(t)
	}
	if changes := best(plans, at.r.Request.Caller.String()); len(changes) > 0 {
		return changes
	}
	return s.hopeless(at)
}

// A plan is steps toward a rule that would allow, and how far they lead.
type plan struct {
	steps  []edit
	needs  []need // what stood between, one for each step
	end    state
	target *policy.Rule
	tried  bool // the request is allowed at the end
}

// A need is what a step is for.
type need struct {
	rule  *policy.Rule // nil: no rule is in the way
	part  policy.Part
	route *policy.RouteTrace // the route that lost; nil: no route is in the way

	outside bool // the rule is a guardrail that applies to the changed request alone
}

// outside marks what is needed for guardrails that do not apply to the request as it is: where the
// policies are changed and not the request, they do not apply either.
func (p plan) outside(t *policy.Trace) {
	for i, n := range p.needs {
		p.needs[i].outside = n.rule != nil && slices.ContainsFunc(t.Guardrails, func(g policy.GuardrailTrace) bool {
			return g.Rule.Position() == n.rule.Position() && !g.Applies()
		})
	}
}

// starts returns the requests from which a rule may allow: this one if it has a route, else those
// that one change takes to a route.
func (s *search) starts(at *state, t *policy.Trace) []plan {
	if at.r.Decision.Route != "" {
		return []plan{{end: *at}}
	}
	var all []plan
	for i := range t.Routes {
		r := &t.Routes[i]
		d, ok := toRoute(at, r)
		if !ok {
			continue
		}
		if next, ok := s.ask(at, d); ok && next.r.Decision.Route == r.Name && next.r.Decision.Policy == r.Policy {
			all = append(all, plan{steps: []edit{d}, needs: []need{{route: r}}, end: next})
		}
	}
	return all
}

// targets returns the rules that would allow, those with the fewest failing parts first.
func targets(at *state) []*policy.Rule {
	var all []policy.RuleTrace
	for _, r := range at.rules {
		if r.Rule.Effect() == policy.Allow && !r.Rule.Shadow() {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b policy.RuleTrace) int {
		return cmp.Or(cmp.Compare(failing(a), failing(b)), a.Rule.Position().Compare(b.Rule.Position()))
	})
	rules := make([]*policy.Rule, 0, len(all))
	for _, r := range all {
		rules = append(rules, r.Rule)
	}
	return rules[:min(len(rules), maxTargets)]
}

func failing(r policy.RuleTrace) int {
	n := 0
	for _, p := range r.Parts {
		if p.Outcome != policy.Held {
			n++
		}
	}
	return n
}

// toward takes away what stands between a request and a rule that would allow it, one thing after
// the other. What cannot be taken away mechanically is named, and the plan is not tried then.
func (s *search) toward(from plan, target *policy.Rule) plan {
	p := plan{slices.Clone(from.steps), slices.Clone(from.needs), from.end, target, false}
	var ignored []obstacle
	for len(p.steps) < maxSteps && !p.end.allowed() {
		o, ok := firstOf(s.obstacles(&p.end, target), ignored)
		if !ok {
			break
		}
		d, next := s.remove(&p.end, target, o)
		if d.apply == nil {
			ignored = append(ignored, o)
		} else {
			p.end = next
		}
		p.steps, p.needs = append(p.steps, d), append(p.needs, need{rule: o.rule, part: o.part})
	}
	if p.tried = p.end.allowed() && len(ignored) == 0; p.tried {
		s.shorten(&p, from)
	}
	return p
}

// remove returns the edit that takes away an obstacle and leaves the fewest, or else one that
// cannot be done and says what is needed.
func (s *search) remove(at *state, target *policy.Rule, o obstacle) (edit, state) {
	best, found := edit{say: o.say()}, state{}
	least := len(s.obstacles(at, target))
	for _, d := range s.ways(at, target, o) {
		next, ok := s.ask(at, d)
		if !ok || next.r.Refused != nil || next.r.Decision.Route != at.r.Decision.Route {
			continue
		}
		left := s.obstacles(&next, target)
		if len(left) < least && !slices.ContainsFunc(left, o.same) {
			best, found, least = d, next, len(left)
		}
		if len(left) == 0 {
			break
		}
	}
	return best, found
}

// shorten leaves out every step without which the request is allowed, too.
func (s *search) shorten(p *plan, from plan) {
	for i := len(p.steps) - 1; i >= len(from.steps) && len(p.steps) > 1; i-- {
		steps := slices.Delete(slices.Clone(p.steps), i, i+1)
		end, ok := from.end, true
		for _, d := range steps[len(from.steps):] {
			if end, ok = s.ask(&end, d); !ok {
				break
			}
		}
		if ok && end.allowed() {
			p.steps, p.needs, p.end = steps, slices.Delete(p.needs, i, i+1), end
		}
	}
}
