package suite

import (
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy"
)

// decide answers a question as the sidecar of the workload would. It returns the request with the
// credential that was seen.
func (s *Suite) decide(q *question, workload string) (policy.Request, policy.Decision) {
	r := q.request
	if q.refused != nil {
		return r, policy.Decision{Reason: reason.Of(q.refused)}
	}
	if by := s.revoked.Caller(r.Caller, r.Time); by != nil {
		return r, cutBy(policy.Decision{Reason: reason.CertificateRevoked}, by)
	}
	m := s.sets[workload].Match(&r)
	cut := (*revocation.Entry)(nil)
	if reads := m.Providers(); len(reads) > 0 {
		r.Credential = s.seen(q, reads)
		if cut = s.revoked.User(r.Credential.User, r.Time); cut != nil {
			r.Credential = identity.Credential{Presented: true, Reason: reason.TokenRevoked}
		}
	}
	d := m.Decide(&r)
	if d.Reason == reason.TokenRevoked && cut != nil {
		d = cutBy(d, cut)
	}
	return r, d
}

// cutBy names the entry of a Revocation as the rule that decided.
func cutBy(d policy.Decision, e *revocation.Entry) policy.Decision {
	d.Rule, d.RuleName = policy.Position{Source: e.At()}, e.Name()
	return d
}

// seen returns what comes of looking at the places of these providers, of which there is one at
// least.
func (s *Suite) seen(q *question, reads []string) identity.Credential {
	owner := q.bad.provider
	if q.user != nil {
		owner = q.user.Provider
	}
	switch {
	case q.user == nil && q.bad == (badCredential{}):
		return identity.Credential{Reason: reason.CredentialMissing}
	case owner != "" && !isIn(owner, reads):
		return s.foreign(s.providers[owner], reads)
	case q.user == nil:
		return identity.Credential{Presented: true, Reason: q.bad.why}
	case q.user.Bound == identity.BoundMTLS && q.request.Caller.IsZero():
		return identity.Credential{Presented: true, Reason: reason.TokenBinding}
	}
	return identity.Credential{User: q.user, Presented: true, Reason: reason.Allowed}
}

func isIn(name string, names []string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// foreign is what comes of a credential that is good for a provider that nobody asks here. Where
// another one looks at the same place it is found there, and refused.
func (s *Suite) foreign(owner *identity.Provider, reads []string) identity.Credential {
	worst := reason.CredentialMissing
	for _, name := range reads {
		p := s.providers[name]
		switch {
		case samePlace(owner.From, p.From) && owner.SameSource(*p):
			worst = reason.TokenAudience
		case samePlace(owner.From, p.From) && worst != reason.TokenAudience:
			worst = reason.TokenIssuer
		case p.From.Cookie == "" && p.From.Header == owner.From.Header && p.From.Scheme == "" && worst == reason.CredentialMissing:
			worst = reason.TokenMalformed // a scheme in front of what should be a bare value
		}
	}
	return identity.Credential{Presented: worst != reason.CredentialMissing, Reason: worst}
}

func samePlace(a, b identity.Place) bool {
	return a.Cookie == b.Cookie && a.Header == b.Header && strings.EqualFold(a.Scheme, b.Scheme)
}
