package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

// refuse sets the reason when nothing allows. What would help most comes first: nobody is sent
// to log in where the caller is not granted anyway. What guardrails require stands between as
// much as what an allow names, so each allow is weighed together with all of it.
func (d *Decision) refuse(c identity.Credential, bad, reads bool, count counts) {
	var caller, user, granted bool // some allow names this caller; lacks nothing but the user; matches
	required := d.required(count)
	for i := range d.Rules {
		e := &d.Rules[i]
		if e.Rule.effect != Allow || !count(e.Rule) {
			continue
		}
		caller = caller || e.Held&OnCallers != 0
		user = user || (e.lacks()|required)&^OnUser == 0
		granted = granted || e.Matched()
	}
	d.Reason = reason.NotGranted
	switch {
	case !caller:
		d.Reason = reason.CallerNotGranted
	case !c.User.IsZero() && d.stepUp(required, count):
		d.Reason = reason.StepUp
	case c.User.IsZero() && user && reads:
		d.wantUser(c, bad)
	case granted:
		d.Reason = reason.GuardrailNotMet
	}
}

// wantUser says what is wrong with the credential.
func (d *Decision) wantUser(c identity.Credential, bad bool) {
	switch {
	case bad && c.Reason.Granted(): // a verifier that contradicts itself
		d.Reason = reason.Internal
	case bad:
		d.Reason, d.RetryAfter = c.Reason, c.RetryAfter
	default:
		d.Reason = reason.CredentialMissing
	}
}

// required returns what is lacking of all that guardrails require.
func (d *Decision) required(count counts) Conjuncts {
	var lacking Conjuncts
	for i := range d.Rules {
		if e := &d.Rules[i]; e.Rule.effect == Require && count(e.Rule) {
			lacking |= e.lacks()
		}
	}
	return lacking
}

// stepUp says whether for some allow only acr, amr or maxAge fail, and asks for the login that
// would do: the least, and of two equal ones the same whatever the order of the rules.
func (d *Decision) stepUp(required Conjuncts, count counts) bool {
	if required&^onStepUp != 0 {
		return false
	}
	var best *Challenge
	for i := range d.Rules {
		e := &d.Rules[i]
		if e.Rule.effect != Allow || !count(e.Rule) || e.lacks()&^onStepUp != 0 {
			continue
		}
		asks := e.Rule.user.challenge()
		for j := range d.Rules {
			if r := d.Rules[j].Rule; r.effect == Require && count(r) {
				asks = asks.and(r.user.challenge())
			}
		}
		if best == nil || asks.compare(*best) < 0 {
			best = &asks
		}
	}
	if best != nil {
		d.Challenge = *best
	}
	return best != nil
}

// challenge is what the rule asks of a login.
func (w *userRule) challenge() Challenge { return Challenge{ACR: w.acr.want, MaxAge: w.maxAge} }

// and asks for what does for both: the classes that both take (where there is none, those of
// the one that comes first, since a login has one class), and the younger login.
func (c Challenge) and(o Challenge) Challenge {
	switch {
	case len(c.ACR) == 0:
		c.ACR = o.ACR
	case len(o.ACR) > 0:
		both := slices.DeleteFunc(slices.Clone(c.ACR), func(acr string) bool { return !slices.Contains(o.ACR, acr) })
		switch {
		case len(both) > 0:
			c.ACR = both
		case slices.Compare(o.ACR, c.ACR) < 0:
			c.ACR = o.ACR
		}
	}
	c.MaxAge = younger(c.MaxAge, o.MaxAge)
	return c
}

// younger returns the lesser of two ages, of which 0 is any.
func younger(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// compare orders what two rules ask of a login, the least first.
func (c Challenge) compare(o Challenge) int {
	return cmp.Or(
		cmp.Compare(len(c.ACR), len(o.ACR)),
		slices.Compare(c.ACR, o.ACR),
		cmp.Compare(uint64(o.MaxAge)-1, uint64(c.MaxAge)-1), // 0 is any age, the greatest
	)
}
