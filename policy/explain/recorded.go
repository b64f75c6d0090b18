package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
)

// timeFormat is how times are shown.
const timeFormat = time.RFC3339

// notRecorded stands for what a record does not hold.
const notRecorded = "not recorded"

// Recorded is what an explanation of a decision record has beside the rest.
type Recorded struct {
	RequestID  string `json:"request_id"`
	Digest     string `json:"policy_digest"`
	SamePolicy bool   `json:"same_policy"` // as that of now
	Policy     string `json:"policy,omitempty"`
	Route      string `json:"route,omitempty"`
	Asserted   bool   `json:"caller_asserted,omitempty"` // only Envoy's word spoke for the caller
	Again      string `json:"again"`                     // a command that explains the same request now, but for what was not recorded
}

// Record explains a decision that was recorded: what came of it then, beside the rules as they
// are now.
func (e *Explainer) Record(r Record) *Explanation {
	l := &r.line
	x := e.blank()
	x.Recorded = &Recorded{
		RequestID: showAny(l.RequestID), Digest: showAny(l.PolicyDigest), SamePolicy: l.PolicyDigest == e.digest,
		Policy: showAny(l.Policy), Route: showAny(l.Route), Asserted: l.Asserted, Again: r.again(e.workload),
	}
	x.Request = Request{
		Method: showAny(l.Method), Path: notRecorded, Host: showAny(l.Host), Time: l.Time,
		Caller: showAny(l.Caller), User: showAny(l.User), Provider: showAny(l.Provider),
	}
	x.Verdict = verdictOf(r.reason.Granted(), r.reason, policy.Position{Source: showAny(l.Rule)}, showAny(l.RuleName))
	x.Detail = showAny(l.Detail)
	if s := l.Shadow; s != nil {
		code, _ := reason.Named(s.Reason)
		shadow := verdictOf(s.Decision == suite.Verdict(true), code, policy.Position{Source: showAny(s.Rule)}, showAny(s.RuleName))
		x.Shadow = &shadow
	}
	c := &comparison{x: x, record: &r, request: r.request()}
	var route policy.RouteTrace
	var found bool
	if route, c.rules, found = e.set.Route(l.Policy, l.Route); found {
		told := routeOf(route)
		told.Chosen = true
		x.Routes = []Route{told}
	}
	c.notes(e.workload, found)
	c.compare()
	x.Changes = c.changes(e)
	return x
}

// request is what was recorded of a request. The rest of it is zero, and must not be told of.
func (r Record) request() policy.Request {
	l := &r.line
	q := policy.Request{Time: l.Time}
	if id, err := spiffeid.FromString(l.Caller); err == nil {
		q.Caller = identity.ProvenCaller(id, [32]byte{})
	}
	if l.User != "" && l.Provider != "" && r.reason != reason.TokenRevoked {
		q.Credential = identity.Credential{Presented: true, Reason: reason.Allowed, User: &identity.User{Provider: l.Provider, Subject: l.User, Client: l.Client}}
	}
	return q
}

// A comparison is of a record with the rules of now.
type comparison struct {
	x       *Explanation
	record  *Record
	request policy.Request
	rules   []*policy.Rule // of now, that its request may be held to
	matched []*policy.Rule // those that a recorded rule is, in the order of the record; nil where none is
}

// notes says how far the record is from the policies of now.
func (c *comparison) notes(workload string, found bool) {
	l := &c.record.line
	note := func(format string, args ...any) { c.x.Notes = append(c.x.Notes, fmt.Sprintf(format, args...)) }
	note("this is what was recorded; paths, headers and claims are %s", notRecorded)
	if l.PolicyDigest != c.x.Digest {
		note("THE POLICIES ARE OTHERS NOW: positions are those of then, and what is wanted is that of now")
	}
	if l.Policy != "" && !found {
		note("no policy that protects %s has the route %s of %s now", workload, show(l.Route), show(l.Policy))
	}
}

// compare puts every recorded rule beside the one that it is now.
func (c *comparison) compare() {
	for i := range c.record.line.Rules {
		recorded := &c.record.line.Rules[i]
		now := c.find(recorded)
		c.matched = append(c.matched, now)
		c.x.Rules = append(c.x.Rules, c.rule(recorded, now))
	}
	for _, r := range c.rules {
		if !slices.Contains(c.matched, r) && !c.x.Recorded.SamePolicy && len(c.matched) > 0 {
			c.x.Notes = append(c.x.Notes, fmt.Sprintf("not in the record: the %v at %s", r.Effect(), nameOf(r)))
		}
	}
}

// find returns what a recorded rule is now: what stands in its place, or, where the policies are
// others, what has its name.
func (c *comparison) find(recorded *recordedRule) *policy.Rule {
	same := func(r *policy.Rule) bool {
		return r.Effect().String() == recorded.Effect && r.Guardrail() == recorded.Guardrail && r.Name() == recorded.Name && !slices.Contains(c.matched, r)
	}
	named := recorded.Name != "" && !c.x.Recorded.SamePolicy
	i := slices.IndexFunc(c.rules, func(r *policy.Rule) bool { return same(r) && r.Position().String() == recorded.Rule })
	if i < 0 && named {
		i = slices.IndexFunc(c.rules, same)
	}
	if i < 0 {
		return nil
	}
	return c.rules[i]
}

// rule tells of one rule. now is nil where it is gone.
func (c *comparison) rule(recorded *recordedRule, now *policy.Rule) Rule {
	told := Rule{
		At: show(recorded.Rule), Name: showAny(recorded.Name), Effect: recorded.Effect,
		Guardrail: recorded.Guardrail, Shadow: recorded.Shadow, Outcome: "does not match",
	}
	var trace policy.RuleTrace
	if now != nil {
		trace = now.Trace(&c.request)
	}
	names := conjunctNames()
	held, untold := 0, 0
	for _, name := range append(names, others(recorded, names)...) {
		raw, was := recorded.Conjuncts[name]
		outcome, _ := outcomeOf(raw)
		parts := partsNamed(trace, name)
		if !was && len(parts) == 0 {
			continue
		}
		if outcome == policy.Held {
			held++
		}
		if was && outcome == policy.Untold {
			untold++
		}
		told.Parts = append(told.Parts, c.parts(name, was, outcome, parts, now != nil)...)
	}
	switch {
	case held == len(recorded.Conjuncts):
		told.Outcome = "matches"
	case held+untold == len(recorded.Conjuncts):
		told.Outcome = "cannot be told"
	}
	return told
}

// conjunctNames returns every name of a conjunct, in their order.
func conjunctNames() []string {
	var names []string
	for name := range (^policy.Conjuncts(0)).Each {
		names = append(names, name)
	}
	return names
}

// others returns the conjuncts of a record that this program does not know.
func others(recorded *recordedRule, known []string) []string {
	return slices.DeleteFunc(sorted(recorded.Conjuncts), func(name string) bool { return slices.Contains(known, name) })
}

func partsNamed(t policy.RuleTrace, name string) []policy.Part {
	return slices.DeleteFunc(slices.Clone(t.Parts), func(p policy.Part) bool { return p.Name() != name })
}

// parts tells of one conjunct: what came of it then, beside what it wants now.
func (c *comparison) parts(name string, was bool, then policy.Outcome, now []policy.Part, exists bool) []Part {
	outcome := notRecorded
	if was {
		outcome = then.String()
	}
	if len(now) == 0 {
		wants := "the rule does not ask for it any more"
		if !exists {
			wants = "the rule is gone"
		}
		return []Part{{Conjunct: show(name), Outcome: outcome, Wants: wants, Has: notRecorded}}
	}
	var all []Part
	for _, p := range now {
		told := Part{Conjunct: name, Header: p.Header, Outcome: outcome, Wants: wants(p), Has: notRecorded}
		if c.tells(p) {
			told.Has, told.Now = has(p), p.Outcome.String()
		}
		all = append(all, told)
	}
	return all
}

// tells says that the record has what a part looks at, whole.
func (c *comparison) tells(p policy.Part) bool {
	l := &c.record.line
	whole := func(s string) bool { return !strings.HasSuffix(s, "…") }
	switch p.Conjunct {
	case policy.OnCallers:
		return whole(l.Caller)
	case policy.OnProvider:
		return whole(l.Provider) && c.record.reason != reason.TokenRevoked
	case policy.OnSubjects:
		return whole(l.User) && !c.request.Credential.User.IsZero()
	case policy.OnClients:
		return whole(l.Client) && !c.request.Credential.User.IsZero()
	default:
		return false
	}
}

// changes returns what would have had to be otherwise for a rule to allow, by what was recorded.
// Nothing of it can be tried.
func (c *comparison) changes(e *Explainer) []Change {
	if c.record.reason.Granted() {
		return nil
	}
	if cutOff(c.record.reason) {
		return uncut(c.x.Rule, c.x.RuleName)
	}
	s := &search{e: e}
	at := &state{}
	at.r.Request = c.request
	var common []need
	var plans []plan
	for i, recorded := range c.record.line.Rules {
		if rule := c.matched[i]; rule != nil && !recorded.Shadow && recorded.Effect != suite.Verdict(true) {
			common = append(common, needsOf(recorded, rule.Trace(&c.request))...)
		}
	}
	for i, recorded := range c.record.line.Rules {
		rule := c.matched[i]
		if rule == nil || recorded.Shadow || recorded.Effect != suite.Verdict(true) {
			continue
		}
		p := plan{target: rule, needs: slices.Concat(common, needsOf(recorded, rule.Trace(&c.request)))}
		for _, n := range p.needs {
			p.steps = append(p.steps, s.described(at, n))
		}
		plans = append(plans, p)
	}
	return best(plans, c.record.line.Caller)
}

// needsOf returns what a recorded rule stood in the way with.
func needsOf(recorded recordedRule, now policy.RuleTrace) []need {
	var all []need
	failed := false
	for _, p := range now.Parts {
		then, _ := outcomeOf(recorded.Conjuncts[p.Name()])
		if then == policy.Held {
			continue
		}
		failed = failed || then != policy.Untold
		all = append(all, need{rule: now.Rule, part: p})
	}
	switch {
	case now.Rule.Effect() != policy.Deny:
		return all
	case failed:
		return nil
	default:
		return []need{{rule: now.Rule}}
	}
}

// described says a need of the request in words.
func (s *search) described(at *state, n need) edit {
	o := obstacle{rule: n.rule, deny: n.rule.Effect() == policy.Deny, part: n.part}
	if ways := s.hold(at, n.part); !o.deny && n.part.Conjunct != policy.OnWhen && len(ways) > 0 {
		return edit{say: ways[0].say}
	}
	return edit{say: o.say()}
}
