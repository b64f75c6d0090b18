package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// tell takes in what came of a request. secrets are headers whose values are not shown.
func (x *Explanation) tell(s *state, t *policy.Trace, secrets []string) {
	x.tellRequest(&s.in, s.r.Request)
	x.verdict(s.r.Decision)
	if s.r.Refused != nil {
		x.Detail = causeOf(s.r.Refused)
	}
	if d := s.r.Decision; d.Shadow != nil {
		shadow := verdictOf(d.Shadow.Allow, d.Shadow.Reason, d.Shadow.Rule, d.Shadow.RuleName)
		x.Shadow = &shadow
	}
	if !s.looked() {
		return
	}
	x.Reads, x.MoreRoutes = t.Providers, t.Omitted
	for _, name := range t.Ambiguous {
		x.Detail = "the header " + name + " has a comma, and Envoy may have joined two headers with it"
	}
	for _, r := range t.Routes {
		x.Routes = append(x.Routes, routeOf(r))
	}
	for _, g := range t.Guardrails {
		x.Guardrails = append(x.Guardrails, Guardrail{
			g.Rule.Name(), g.Rule.Position().String(), g.Rule.Effect().String(), g.Area, g.Applies(), g.Why,
		})
	}
	for _, r := range t.Rules {
		x.Rules = append(x.Rules, ruleOf(r, secrets))
	}
	for _, o := range t.Onboarding {
		x.Onboarding = append(x.Onboarding, Onboarding{o.At.String(), o.Until, o.Holds})
	}
}

func (x *Explanation) verdict(d policy.Decision) {
	x.Verdict = verdictOf(d.Allow, d.Reason, d.Rule, d.RuleName)
	if c := d.Challenge; len(c.ACR) > 0 || c.MaxAge > 0 {
		x.Challenge = &Challenge{ACR: c.ACR}
		if c.MaxAge > 0 {
			x.Challenge.MaxAge = c.MaxAge.String()
		}
	}
}

// tellRequest shows a request: as it was read, or as it was written where it could not be.
func (x *Explanation) tellRequest(in *syntax.Case, q policy.Request) {
	path, _, _ := strings.Cut(in.Request.Path.Value, "?")
	x.Request.Method, x.Request.Path = show(in.Request.Method.Value), show(path)
	x.Request.Host = show(first(q.Host.String(), in.Request.Host.Value, suite.DefaultHost))
	x.Request.HTTP2, x.Request.Time = q.HTTP2, q.Time
	x.Request.Upgrade = showAny(q.Upgrade)
	if q.Source.IsValid() {
		x.Request.Source = q.Source.Unmap().String()
	}
	x.Request.Caller = q.Caller.String()
	if u := q.Credential.User; !u.IsZero() {
		x.Request.User, x.Request.Provider = show(u.Subject), u.Provider
	}
	if q.Credential.Presented || q.Credential.Reason != reason.Internal {
		x.Request.Credential = q.Credential.Reason.String()
	}
}

func verdictOf(allow bool, why reason.Code, at policy.Position, name string) Verdict {
	return Verdict{suite.Verdict(allow), why.String(), why.Status(), meaning(why), at.String(), name}
}

func routeOf(r policy.RouteTrace) Route {
	told := Route{
		Policy: strings.Join(r.Policies, ", "), Name: r.Name, At: r.At.String(), Matches: r.String(),
		Chosen: r.Lost == policy.Chosen, Why: showAny(r.Why),
	}
	for _, p := range r.Params {
		told.Params = append(told.Params, Param{p.Name, show(p.Value)})
	}
	return told
}

func ruleOf(r policy.RuleTrace, secrets []string) Rule {
	told := describe(r.Rule)
	switch {
	case r.Matched():
		told.Outcome = "matches"
	case r.Told():
		told.Outcome = "does not match"
	default:
		told.Outcome = "cannot be told"
	}
	for _, p := range r.Parts {
		told.Parts = append(told.Parts, partOf(p, secrets))
	}
	return told
}

// describe says what a rule is, without what came of it.
func describe(r *policy.Rule) Rule {
	return Rule{At: r.Position().String(), Name: r.Name(), Effect: r.Effect().String(), Guardrail: r.Guardrail(), Shadow: r.Shadow()}
}

func partOf(p policy.Part, secrets []string) Part {
	told := Part{Conjunct: p.Name(), Header: p.Header, Outcome: p.Outcome.String(), Wants: wants(p), Has: has(p)}
	if slices.Equal(p.Wants, []string{"anyone"}) {
		told.Has = ""
	}
	if len(p.Observed) == 0 {
		told.Why = showAny(p.Why)
	}
	if slices.Contains(secrets, p.Header) && len(p.Has) > 0 {
		told.Has = hidden
	}
	for _, o := range p.Observed {
		value := "is " + show(o.Value)
		switch {
		case o.Err != "":
			value = "cannot be told: " + show(o.Err)
		case mentions(o.Expression, secrets) && o.Value != "true" && o.Value != "false":
			value = "is " + hidden
		}
		told.Observed = append(told.Observed, show(o.Expression)+" "+value)
	}
	return told
}

// wants says what a part asks for.
func wants(p policy.Part) string {
	switch {
	case p.Conjunct == policy.OnWhen:
		return oneLine(strings.Join(p.Wants, ""))
	case p.Present != nil && *p.Present:
		return "to be sent"
	case p.Present != nil:
		return "not to be sent"
	case p.Conjunct == policy.OnMaxAge:
		return "a login at most " + strings.Join(p.Wants, "") + " ago"
	case p.Conjunct == policy.OnBound:
		return "the certificate of the caller (" + strings.Join(p.Wants, "") + ")"
	}
	return choice(p.Wants, p.All)
}

// oneLine writes a condition of several lines in one.
func oneLine(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, " ")
}

// choice says any or all of several values.
func choice(values []string, all bool) string {
	const few = 6
	text := showAll(values[:min(len(values), few)])
	if more := len(values) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	switch {
	case len(values) == 1:
		return text
	case all:
		return "all of " + text
	default:
		return "one of " + text
	}
}

// has says what the request has.
func has(p policy.Part) string {
	switch {
	case p.Conjunct == policy.OnWhen:
		return ""
	case p.Conjunct == policy.OnMaxAge && len(p.Has) > 0:
		return "a login " + p.Has[0] + " ago"
	case len(p.Has) > 0:
		return showAll(p.Has[:min(len(p.Has), 20)])
	case p.Conjunct == policy.OnCallers:
		return "no caller"
	case p.Conjunct == policy.OnProvider:
		return "no proven user"
	case p.Conjunct == policy.OnSource:
		return "no known address"
	case p.Conjunct == policy.OnBound:
		return "nothing"
	default:
		return none
	}
}

// none is what a request has that lacks what a part asks for.
const none = "none"

// meaning says a reason in words, "" where its name is enough.
func meaning(code reason.Code) string {
	switch code {
	case reason.Allowed:
		return "a rule allows it, and nothing speaks against it"
	case reason.Onboarding:
		return "nothing allows it, and it is let through because the workload is being onboarded"
	case reason.BadMethod, reason.BadPath, reason.BadHost, reason.BadHeader, reason.BadUpgrade, reason.BadRequest:
		return "it can be read in two ways, and so nobody can say what would be allowed"
	case reason.CertificateRevoked:
		return "a Revocation cuts the caller off, so no policy is asked"
	case reason.NoPolicy:
		return "no ServicePolicy protects this workload"
	case reason.NoRoute:
		return "no route has this path, host, method and upgrade"
	case reason.DeniedByRule:
		return "a deny matches, or cannot be told not to"
	case reason.DeniedByGuardrail:
		return "the deny of a guardrail matches, or cannot be told not to"
	case reason.GuardrailNotMet:
		return "a rule allows it, and a guardrail requires more"
	case reason.CallerNotGranted:
		return "no allow names this caller"
	case reason.NotGranted:
		return "an allow names this caller, and none matches whole"
	case reason.StepUp:
		return "only a stronger or younger login is missing"
	case reason.CredentialMissing:
		return "only a user is missing: there is no credential where one is read"
	case reason.KeysUnavailable, reason.KeysPending:
		return "the keys to verify the credential with are not to be had now"
	case reason.TokenRevoked:
		return "a Revocation cuts the user or the credential off, and then no rule allows"
	default:
		if code >= reason.CredentialDuplicate && code < reason.KeysUnavailable {
			return "the credential is bad, and a bad one denies whatever the rules say"
		}
		return ""
	}
}
