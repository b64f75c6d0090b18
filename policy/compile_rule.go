package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
)

// anyone, among a rule's callers, is every request, with a proven caller or without.
const anyone = "anyone"

// scope is what the rules of one policy may name.
type scope struct {
	*compiler
	groups map[string][]pattern.Pattern
	params []condition.Param // of the path of the route, or guardrail
}

func (s scope) rules(from []syntax.Rule, effect Effect) []*Rule {
	all := make([]*Rule, len(from))
	for i := range from {
		all[i] = s.rule(&from[i], effect)
	}
	return all
}

func (s scope) rule(from *syntax.Rule, effect Effect) *Rule {
	r := &Rule{at: s.place(from.Position), name: from.Name.Value, effect: effect, shadow: from.Shadow != nil}
	if len(from.Callers) > 0 {
		r.named |= OnCallers
		r.anyone, r.caller = s.callers(from.Callers)
	}
	var user userRule
	if from.User != nil {
		s.user(r, &user, from.User)
	}
	r.user = s.sharing.user(&user)
	for i := range from.Headers {
		r.named |= OnHeaders
		h := &from.Headers[i]
		r.header = append(r.header, headerRule{name: h.Name, present: h.Present, values: valuesOf(h.Match)})
	}
	for _, p := range from.Source {
		r.named |= OnSource
		r.source = append(r.source, p.Prefix)
	}
	if from.When != nil {
		r.named |= OnWhen
		r.when = s.condition(from.When, s.params)
	}
	if r.named == 0 || effect == Allow && r.named&OnCallers == 0 {
		s.unparsed(from.Position)
	}
	return r
}

func (s scope) callers(from []syntax.Text) (everyone bool, _ []pattern.Pattern) {
	var all []pattern.Pattern
	for _, t := range from {
		group, isGroup := strings.CutPrefix(t.Value, "group:")
		members, known := s.groups[group]
		switch {
		case t.Value == anyone:
			everyone = true
		case isGroup && !known:
			s.unparsed(t.Position)
		case isGroup:
			all = append(all, members...)
		default:
			all = append(all, s.patterns([]syntax.Text{t})...)
		}
	}
	return everyone, s.sharing.callersOf(all)
}

func (s scope) user(r *Rule, u *userRule, from *syntax.User) {
	for bit := range NamedOf(from) {
		r.named |= bit
	}
	for _, p := range from.Providers {
		if _, ok := s.known[p.Value]; !ok {
			s.fault(p.Position, "there is no IdentityProvider named %q", p.Value)
		}
		u.providers = append(u.providers, p.Value)
	}
	slices.Sort(u.providers)
	s.ofWorkloads(from)
	u.subjects, u.clients, u.audiences = valuesOf(from.Subjects), valuesOf(from.Clients), valuesOf(from.Audiences)
	u.scopes, u.roles, u.acr, u.amr = valuesOf(from.Scopes), valuesOf(from.Roles), valuesOf(from.ACR), valuesOf(from.AMR)
	if from.MaxAge != nil {
		u.maxAge = from.MaxAge.Age
	}
	if from.Bound != nil {
		u.bound = from.Bound.To
	}
}

// ofWorkloads refuses what no JWT-SVID can have, where all providers of a rule's user take nothing
// else: an allow that can never hold is a nuisance, a deny that can never hold lets in.
func (s scope) ofWorkloads(from *syntax.User) {
	var domains []string
	for _, p := range from.Providers {
		terms, ok := s.known[p.Value]
		if !ok || terms.TrustDomain == "" {
			return
		}
		domains = append(domains, terms.TrustDomain)
	}
	if from.Bound != nil {
		s.fault(from.Bound.Position, "a JWT-SVID is bound to nothing: leave bound out, or name the workload in callers")
	}
	if from.Subjects == nil || len(domains) == 0 {
		return
	}
	for _, subject := range from.Subjects.Values {
		if !isMember(subject.Value, domains) {
			s.fault(subject.Position, "%q can be no subject here: those are SPIFFE IDs of %s, whole and exact; for several write a condition, as in user.subject.startsWith(\"spiffe://%s/ns/shop/\")",
				subject.Value, strings.Join(domains, " or "), domains[0])
		}
	}
}

// isMember says that a text is the SPIFFE ID of a workload of one of the trust domains.
func isMember(text string, domains []string) bool {
	p, err := pattern.Parse(text)
	return err == nil && !strings.Contains(text, "*") && p.Match(text) && slices.ContainsFunc(domains, func(domain string) bool {
		return strings.HasPrefix(text, "spiffe://"+domain+"/")
	})
}

// valuesOf returns the sorted values of a match.
func valuesOf(m *syntax.Match) values {
	if m == nil {
		return values{}
	}
	v := values{all: m.All}
	for _, t := range m.Values {
		v.want = append(v.want, t.Value)
	}
	slices.Sort(v.want)
	return v
}
