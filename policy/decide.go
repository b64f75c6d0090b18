package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// Decide answers one request whose route reads no credentials, or whose Credential was found
// where [Match.Providers] says.
func (s *Set) Decide(q *Request) Decision { return s.Match(q).Decide(q) }

// Decide weighs the rules of the route. Any deny that matches denies, and so does one that
// cannot be told; else an allow that matches allows; else the request is refused, and the
// reason says what stood between. A credential that was presented and is bad denies whatever
// the rules say.
func (m Match) Decide(q *Request) Decision {
	if m.route == nil {
		return Decision{Reason: m.why}
	}
	d := Decision{Policy: m.route.policy, Route: m.route.name}
	if m.ambiguous(q.Headers) {
		d.Reason = reason.BadHeader
		return d
	}
	d.Rules = m.evaluate(q)
	if e := first(d.Rules, func(e Evaluation) bool { return e.Rule.deny && e.verdict() != notMatched }); e != nil {
		return d.because(e, reason.DeniedByRule)
	}
	bad := m.refuses(q.Credential)
	if !bad {
		if e := first(d.Rules, func(e Evaluation) bool { return !e.Rule.deny && e.verdict() == matched }); e != nil {
			d.Allow = true
			return d.because(e, reason.Allowed)
		}
	}
	d.refuse(q.Credential, bad)
	return d
}

// ambiguous says that a header that the rules read holds a comma which Envoy may have put
// there to join two.
func (m Match) ambiguous(h Headers) bool {
	if !h.joined {
		return false
	}
	return slices.ContainsFunc(m.route.headers, func(name string) bool {
		return slices.ContainsFunc(h.Values(name), func(v string) bool { return strings.Contains(v, ",") })
	})
}

func (m Match) evaluate(q *Request) []Evaluation {
	all := make([]Evaluation, 0, len(m.set.deny)+len(m.route.deny)+len(m.route.allow))
	for _, rules := range [][]*Rule{m.set.deny, m.route.deny, m.route.allow} {
		for _, r := range rules {
			all = append(all, r.evaluate(q))
		}
	}
	return all
}

func first(all []Evaluation, is func(Evaluation) bool) *Evaluation {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return &all[i]
	}
	return nil
}

func (d Decision) because(e *Evaluation, why reason.Code) Decision {
	d.Reason, d.Rule, d.RuleName = why, e.Rule.at, e.Rule.name
	return d
}

// refuses says that the route reads credentials, and that there is neither a user nor the
// certainty that none was presented: a credential is bad, or nobody looked.
func (m Match) refuses(c identity.Credential) bool {
	return len(m.route.providers) > 0 && c.User.IsZero() && c.Reason != reason.CredentialMissing
}

// refuse sets the reason when no allow matches. What would help most comes first: nobody is
// sent to log in where the caller is not granted anyway.
func (d *Decision) refuse(c identity.Credential, bad bool) {
	var caller, user bool // some allow names this caller; some allow lacks nothing but the user
	for _, e := range d.Rules {
		if e.Rule.deny {
			continue
		}
		caller = caller || e.Held&OnCallers != 0
		user = user || e.fails()&^onUser == 0
	}
	d.Reason = reason.NotGranted
	switch {
	case !caller:
		d.Reason = reason.CallerNotGranted
	case !c.User.IsZero():
		d.stepUp()
	case user && c.Reason == reason.Allowed: // a verifier that contradicts itself
		d.Reason = reason.Internal
	case user && bad:
		d.Reason, d.RetryAfter = c.Reason, c.RetryAfter
	case user:
		d.Reason = reason.CredentialMissing
	}
}

// stepUp asks for a stronger login when for some allow only acr, amr or maxAge fail: the
// least that would do, and of two equal ones the same whatever the order of the rules.
func (d *Decision) stepUp() {
	var best *Evaluation
	for i := range d.Rules {
		e := &d.Rules[i]
		if e.Rule.deny || e.fails()&^onStepUp != 0 {
			continue
		}
		if best == nil || cheaper(e.Rule.user, best.Rule.user) {
			best = e
		}
	}
	if best == nil {
		return
	}
	d.Reason = reason.StepUp
	d.Challenge = Challenge{ACR: best.Rule.user.acr.want, MaxAge: best.Rule.user.maxAge}
}

// cheaper orders what two rules ask of a login.
func cheaper(a, b userRule) bool {
	return cmp.Or(
		cmp.Compare(len(a.acr.want), len(b.acr.want)),
		slices.Compare(a.acr.want, b.acr.want),
		cmp.Compare(b.maxAge, a.maxAge),
		slices.Compare(a.amr.want, b.amr.want),
	) < 0
}
