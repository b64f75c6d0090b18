package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// Decide answers one request whose route reads no credentials, or whose Credential was found
// where [Match.Providers] says.
func (s *Set) Decide(q *Request) Decision { return s.Match(q).Decide(q) }

// Decide weighs the rules. Any deny that matches denies, and so does one that cannot be told;
// else an allow that matches allows, if everything matches that guardrails require; else the
// request is refused, and the reason says what stood between. A credential that was presented
// and is bad denies whatever the rules say. The Rules and the Shadow of a Decision are good until the
// Match, or its Memory, is used for the next.
func (m Match) Decide(q *Request) Decision {
	if m.set == nil {
		return Decision{Reason: m.why}
	}
	d := Decision{}
	if m.route != nil {
		d.Policy, d.Route = m.route.policy, m.route.name
	}
	if m.ambiguous(q.Headers) {
		d.Reason = reason.BadHeader
		return d
	}
	d.Rules = m.evaluate(q)
	m.verdict(&d, q, enforced)
	if slices.ContainsFunc(d.Rules, func(e Evaluation) bool { return e.Rule.shadow }) {
		would := Decision{Rules: d.Rules}
		m.verdict(&would, q, everyRule)
		d.Shadow = &m.memory.shadow
		*d.Shadow = Verdict{would.Allow, would.Reason, would.Rule, would.RuleName}
	}
	return d
}

// counts says which rules take part in a verdict.
type counts func(*Rule) bool

func enforced(r *Rule) bool { return !r.shadow }
func everyRule(*Rule) bool  { return true }

// verdict gives the answer over the rules that count. Onboarding turns a refusal that is for want
// of a policy, a route, a rule or a credential into an allow, while all that is required holds.
func (m Match) verdict(d *Decision, q *Request, count counts) {
	if e := m.deniedBy(d.Rules, count); e != nil {
		why := reason.DeniedByRule
		if e.Rule.guard {
			why = reason.DeniedByGuardrail
		}
		d.because(e, why)
		return
	}
	unmet := first(d.Rules, func(e *Evaluation) bool { return count(e.Rule) && e.Rule.effect == Require && !e.Matched() })
	d.Reason = m.why
	if m.route != nil {
		allow := first(d.Rules, func(e *Evaluation) bool { return count(e.Rule) && e.Rule.effect == Allow && e.Matched() })
		bad := m.refuses(q.Credential)
		if allow != nil && unmet == nil && !bad {
			d.Allow = true
			d.because(allow, reason.Allowed)
			return
		}
		d.refuse(q.Credential, bad, len(m.providers) > 0, count)
		if allow != nil && unmet != nil {
			d.because(unmet, d.Reason)
		}
	}
	if at, ok := m.set.onboards(q); ok && unmet == nil && q.Credential.Reason != reason.TokenRevoked {
		d.Allow, d.Reason, d.Rule, d.RuleName, d.Challenge, d.RetryAfter = true, reason.Onboarding, at, "", Challenge{}, 0
	}
}

// deniedBy returns the deny that matches or errs: a guardrail's before any other.
func (m Match) deniedBy(all []Evaluation, count counts) *Evaluation {
	return first(all, func(e *Evaluation) bool {
		return count(e.Rule) && e.Rule.effect == Deny && e.verdict() != notMatched
	})
}

// ambiguous says that a header that the rules read holds a comma which Envoy may have put
// there to join two.
func (m Match) ambiguous(h Headers) bool {
	if !h.joined {
		return false
	}
	comma := func(name string) bool {
		return slices.ContainsFunc(h.Values(name), func(v string) bool { return strings.Contains(v, ",") })
	}
	return slices.ContainsFunc(m.headers, comma)
}

// evaluate looks at every rule: those of guardrails first, then the policies', then the route's.
func (m Match) evaluate(q *Request) []Evaluation {
	lists := [...][]*Rule{m.guards, m.set.deny, nil, nil}
	if m.route != nil {
		lists[2], lists[3] = m.route.deny, m.route.allow
	}
	n := 0
	for _, rules := range lists {
		n += len(rules)
	}
	all := slices.Grow(m.memory.rules[:0], n)
	in := &m.memory.input
	in.made = false
	for _, rules := range lists {
		for _, r := range rules {
			all = append(all, r.evaluate(q, in))
		}
	}
	return all
}

func first(all []Evaluation, is func(*Evaluation) bool) *Evaluation {
	for i := range all {
		if is(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

func (d *Decision) because(e *Evaluation, why reason.Code) {
	d.Reason, d.Rule, d.RuleName = why, e.Rule.Position(), e.Rule.name
}

// refuses says that credentials are read, and that there is neither a user nor the certainty
// that none was presented: a credential is bad, or nobody looked.
func (m Match) refuses(c identity.Credential) bool {
	return len(m.providers) > 0 && c.User.IsZero() && c.Reason != reason.CredentialMissing
}
