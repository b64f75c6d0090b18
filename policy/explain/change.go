package explain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
)

// best returns the changes of the plans with the fewest steps, those that were tried first, then
// those that ask less of guardrails, then by the place of the rule.
func best(plans []plan, caller string) []Change {
	plans = slices.DeleteFunc(plans, func(p plan) bool { return len(p.steps) == 0 })
	slices.SortStableFunc(plans, func(a, b plan) int {
		return cmp.Or(cmp.Compare(len(a.steps), len(b.steps)), cmp.Compare(truth(b.tried), truth(a.tried)),
			cmp.Compare(a.ofGuardrails(), b.ofGuardrails()), a.target.Position().Compare(b.target.Position()))
	})
	var all []Change
	for _, p := range plans {
		c := p.change(caller)
		if !slices.ContainsFunc(all, func(o Change) bool { return slices.Equal(o.Request, c.Request) }) && len(all) < maxChanges {
			all = append(all, c)
		}
	}
	return all
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p plan) ofGuardrails() int {
	n := 0
	for _, need := range p.needs {
		if need.rule != nil && need.rule.Guardrail() {
			n++
		}
	}
	return n
}

// change tells of a plan.
func (p plan) change(caller string) Change {
	c := Change{To: suite.Verdict(true), Tried: p.tried, Rule: p.target.Position().String(), Name: p.target.Name()}
	if d := p.end.r.Decision; p.tried {
		c.end = p.end.r
		c.Rule, c.Name, c.Reason = d.Rule.String(), d.RuleName, d.Reason.String()
	}
	for i, d := range p.steps {
		c.Request = append(c.Request, d.say)
		if say := p.needs[i].say(caller); !p.needs[i].outside && !slices.Contains(c.Policy, say) {
			c.Policy = append(c.Policy, say)
		}
	}
	return c
}

// say says what of the policy would do as well.
func (n need) say(caller string) string {
	switch {
	case n.route != nil:
		return n.sayRoute()
	case n.rule == nil:
		return "nothing: a bad credential denies wherever one is read"
	}
	return nameOf(n.rule) + ": " + n.sayRule(caller)
}

func (n need) sayRule(caller string) string {
	switch {
	case n.rule.Guardrail():
		return "an except that takes this request out of the guardrail"
	case n.rule.Effect() == policy.Deny:
		return "make this deny narrower, or take it out"
	case n.part.Conjunct == policy.OnCallers && caller != "":
		return "add " + caller + " to its callers"
	case n.part.Conjunct == policy.OnCallers:
		return "the request has no caller, and only anyone names none: write anyone if everybody is meant"
	case n.part.Conjunct == policy.OnProvider:
		return "ask for no user, or for one of another provider"
	case n.part.Conjunct == policy.OnWhen:
		return "change its condition, which is now: " + wants(n.part)
	case n.part.Header != "":
		return "ask for no header " + n.part.Header + ", or for another value"
	default:
		return "ask for less in " + fieldName(n.part) + ", which is now: " + wants(n.part)
	}
}

// fieldName is what the policy calls a part.
func fieldName(p policy.Part) string {
	if p.Conjunct == policy.OnMaxAge {
		return "maxAge"
	}
	return p.Name()
}

func (n need) sayRoute() string {
	at := fmt.Sprintf("%v (%s)", n.route.At, n.route.Name)
	switch n.route.Lost {
	case policy.LostMethod:
		return at + ": add this one to its methods"
	case policy.LostHost, policy.LostToHost:
		return at + ": add this one to its hosts"
	case policy.LostUpgrade:
		return at + ": a route of its own for requests with this upgrade, or without"
	case policy.LostNoCall:
		return "nothing: only gRPC calls go to the paths of a service that a grpc route names"
	default:
		return "a route for this path"
	}
}

// hopeless says what would do where no change of the request was found.
func (s *search) hopeless(at *state) []Change {
	say := ""
	switch d := at.r.Decision; d.Reason {
	case reason.NoPolicy:
		say = "a ServicePolicy whose workloads name " + s.e.workload
	case reason.NoRoute:
		say = fmt.Sprintf("a route for %s %s", at.r.Request.Method, show(at.r.Request.Path.String()))
	case reason.CertificateRevoked, reason.TokenRevoked:
		return uncut(d.Rule.String(), d.RuleName)
	default:
		return nil
	}
	return []Change{{To: suite.Verdict(true), Policy: []string{say}}}
}

// cutOff says that a Revocation refuses, and so nothing of the request or of a rule is the way out.
func cutOff(why reason.Code) bool {
	return why == reason.CertificateRevoked || why == reason.TokenRevoked
}

// uncut is the one change for what an entry of a Revocation cuts off: "" is one that is not known.
func uncut(at, name string) []Change {
	entry := "the entry of a Revocation that the record names"
	if at != "" {
		entry = placed(at, name)
	}
	return []Change{{To: suite.Verdict(true), Policy: []string{"take out or end " + entry}}}
}

// denials returns the single changes with which what is allowed were denied.
func (s *search) denials(at *state, t *policy.Trace) []Change {
	var all []Change
	try := func(ways []edit) {
		for _, d := range ways {
			next, ok := s.ask(at, d)
			if !ok || next.allowed() || len(all) >= maxSingles || slices.ContainsFunc(all, func(c Change) bool { return c.Request[0] == d.say }) {
				continue
			}
			all = append(all, Change{
				To: suite.Verdict(false), Tried: true, Reason: next.r.Decision.Reason.String(),
				Rule: next.r.Decision.Rule.String(), Name: next.r.Decision.RuleName, Request: []string{d.say}, end: next.r,
			})
			return
		}
	}
	for _, r := range at.rules {
		switch {
		case r.Rule.Shadow():
		case r.Rule.Effect() != policy.Deny && r.Matched():
			for _, p := range r.Parts {
				try(s.fail(at, p))
			}
		case r.Rule.Effect() == policy.Deny && failing(r) == 1:
			for _, p := range r.Parts {
				if p.Outcome != policy.Held {
					try(s.hold(at, p))
				}
			}
		}
	}
	if at.r.Decision.Reason == reason.Onboarding {
		for _, o := range t.Onboarding {
			try([]edit{setTime("it is past "+o.Until.Format(timeFormat), o.Until)})
		}
	}
	return all
}
