package differential_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// The file that every world is printed as.
const file = "world.yaml"

// A compiled world is one that was printed, parsed and compiled by the real code.
type compiled struct {
	world *world
	text  *printed
	set   *policy.Set
	err   error // why it does not load
}

func compile(w *world) compiled {
	c := compiled{world: w, text: w.print()}
	documents, err := syntax.Parse(file, []byte(c.text.text.String()))
	if err != nil {
		c.err = fmt.Errorf("parsing: %w", err)
		return c
	}
	var compiler policy.Compiler
	for range 2 { // the second time it makes the set of what it remembers
		if c.set, c.err = compiler.Compile(documents, policy.Options{Workload: workload, Now: w.Loaded}); c.err != nil {
			break
		}
	}
	return c
}

// loading says how the real code and the naive interpreter differ about whether the world loads;
// "" when they do not.
func (c compiled) loading() string {
	why := c.world.loads()
	switch {
	case (why == "") == (c.err == nil):
		return ""
	case why == "":
		return fmt.Sprintf("it must load, but: %v", c.err)
	}
	return "it loads, but must not: " + why
}

// decide asks the real code.
func (c compiled) decide(t testing.TB, q *question) (providers []string, d policy.Decision) {
	r := q.request(t)
	m := c.set.Match(r)
	providers = m.Providers()
	r.Credential = q.credential(providers)
	return providers, m.Decide(r)
}

// difference says in what the real answer is not the naive one; "" when they agree.
func (c compiled) difference(t testing.TB, q *question, seen reached) string {
	providers, d := c.decide(t, q)
	a := c.world.answer(q, seen)
	var all []string
	note := func(same bool, what string, got, want any) {
		if !same {
			all = append(all, fmt.Sprintf("%s: the real one is %v, the naive one %v", what, got, want))
		}
	}
	note(slices.Equal(providers, a.providers), "providers", providers, a.providers)
	note(d.Allow == a.allow && d.Reason == a.reason, "verdict", said(d.Allow, d.Reason), said(a.allow, a.reason))
	note(d.RetryAfter == a.retry, "retry", d.RetryAfter, a.retry)
	note(c.names(d.Rule, d.RuleName, a.rules), "rule", fmt.Sprintf("%v %q", d.Rule, d.RuleName), a.rules)
	note(a.challenged(d.Challenge), "challenge", d.Challenge, a.challenges)
	note(placed(d, a.places), "place", d.Policy+" "+d.Route, labels(a.places))
	note((d.Shadow == nil) == (a.shadow == nil), "a shadow took part", d.Shadow != nil, a.shadow != nil)
	if d.Shadow != nil && a.shadow != nil {
		s := d.Shadow
		note(s.Allow == a.shadow.allow && s.Reason == a.shadow.reason, "shadow", said(s.Allow, s.Reason), said(a.shadow.allow, a.shadow.reason))
		note(c.names(s.Rule, s.RuleName, a.shadow.rules), "shadow's rule", fmt.Sprintf("%v %q", s.Rule, s.RuleName), a.shadow.rules)
	}
	for _, e := range d.Rules {
		id := c.text.id(e.Rule.Position().Line)
		i := slices.IndexFunc(a.weighed, func(w weighed) bool { return w.rule.ID == id })
		note(i >= 0, "rule weighed", e.Rule.Position(), "others")
		if i >= 0 {
			note(told(e) == a.weighed[i].is, "outcome", fmt.Sprint(e.Rule.Position(), " ", told(e)), a.weighed[i].is)
		}
	}
	return strings.Join(all, "\n")
}

// told is what the real code says that came of a rule.
func told(e policy.Evaluation) outcome {
	switch {
	case !e.Told():
		return unsure
	case e.Matched():
		return holds
	}
	return fails
}

func said(allow bool, reason fmt.Stringer) string {
	if allow {
		return "allow, " + reason.String()
	}
	return "deny, " + reason.String()
}

// names says that the rule named is one of those that could be.
func (c compiled) names(at policy.Position, name string, ids []int) bool {
	if len(ids) == 0 {
		return at.IsZero() && name == ""
	}
	id := c.text.id(at.Line)
	return at.Source == file && slices.Contains(ids, id) && name == c.world.ruleName(id)
}

// ruleName returns the name that a decision has for the rule or entry.
func (w *world) ruleName(id int) string {
	for _, m := range w.Meshes {
		for _, g := range m.Guardrails {
			if g.rule().ID == id {
				return g.Name
			}
		}
	}
	for _, r := range w.rules() {
		if r.ID == id {
			return r.Name
		}
	}
	return ""
}

func (v verdict) challenged(c policy.Challenge) bool {
	if len(v.challenges) == 0 {
		return len(c.ACR) == 0 && c.MaxAge == 0
	}
	return slices.ContainsFunc(v.challenges, func(want policy.Challenge) bool {
		return want.MaxAge == c.MaxAge && same(want.ACR, c.ACR)
	})
}

// placed says that the policy and route named are one of those that were merged.
func placed(d policy.Decision, all []place) bool {
	if len(all) == 0 {
		return d.Policy == "" && d.Route == ""
	}
	return slices.ContainsFunc(all, func(p place) bool { return p.service.label() == d.Policy && p.route.Name == d.Route })
}

func labels(all []place) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.service.label()+" "+p.route.Name)
	}
	return names
}
