package draft

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// spoil returns wishes that differ from w in what one conjunct of a rule looks at, so that it may
// no longer hold; the likeliest first.
func (a *author) spoil(w *wish, r *rule, bit policy.Conjuncts) []*wish {
	switch bit {
	case policy.OnCallers:
		return spoilCaller(w, r)
	case policy.OnProvider:
		c := w.clone()
		c.user = nil
		return []*wish{c}
	case policy.OnHeaders:
		return spoilHeaders(w, r)
	case policy.OnSource:
		return spoilSource(w, r)
	case policy.OnWhen:
		return spoilCondition(w, r.When.Text)
	default:
		if w.user == nil || r.User == nil {
			return nil
		}
		c := w.clone()
		a.spoilUser(c.user, r.User, bit)
		return []*wish{c}
	}
}

// What is of nobody: no rule has a reason to name it.
const (
	anySubject   = "alice"
	otherSubject = "somebody-else"
	otherClient  = "another-client"
	otherDomain  = "spiffe://stranger.test/stranger"
	lowestACR    = "0" // OpenID Connect Core section 2: no confidence
	otherACR     = "another-class"
)

func spoilCaller(w *wish, r *rule) []*wish {
	var candidates []string
	if len(r.callers) > 0 {
		domain, _, _ := strings.Cut(strings.TrimPrefix(r.callers[0].Value, "spiffe://"), "/")
		candidates = append(candidates, "spiffe://"+domain+"/stranger")
	}
	var all []*wish
	for _, id := range append(candidates, otherDomain, "") {
		if !r.takesCaller(id) {
			c := w.clone()
			c.caller = id
			all = append(all, c)
		}
	}
	return all
}

func spoilSource(w *wish, r *rule) []*wish {
	// The addresses for documentation (RFC 5737, RFC 3849), and some of private networks.
	for _, addr := range []string{"192.0.2.1", "198.51.100.1", "203.0.113.1", "10.0.0.1", "192.168.0.1", "2001:db8::1"} {
		if !contains(r.Source, addr) {
			c := w.clone()
			c.source = addr
			return []*wish{c}
		}
	}
	return nil
}

// contains says that an address is in one of the ranges; none at all is in no range.
func contains(ranges []syntax.Prefix, addr string) bool {
	a, err := netip.ParseAddr(addr)
	return err == nil && slices.ContainsFunc(ranges, func(p syntax.Prefix) bool { return p.Prefix.Contains(a) })
}

func spoilHeaders(w *wish, r *rule) []*wish {
	var all []*wish
	for _, h := range r.Headers {
		c := w.clone()
		if h.Present != nil && !*h.Present {
			c.setHeader(h.Name, []string{"x"})
		} else {
			delete(c.headers, h.Name)
		}
		all = append(all, c)
	}
	return all
}

func (a *author) spoilUser(p *person, asks *syntax.User, bit policy.Conjuncts) {
	switch bit {
	case policy.OnSubjects:
		p.subject = otherSubject
	case policy.OnClients:
		p.client = otherClient
	case policy.OnAudiences:
		p.audiences = a.otherAudiences(p.provider, asks.Audiences)
	case policy.OnScopes:
		p.scopes = without(p.scopes, asks.Scopes)
	case policy.OnRoles:
		p.roles = without(p.roles, asks.Roles)
	case policy.OnAMR:
		p.amr = without(p.amr, asks.AMR)
	case policy.OnACR:
		p.acr = lowestACR
		if slices.ContainsFunc(asks.ACR.Values, func(t syntax.Text) bool { return t.Value == lowestACR }) {
			p.acr = otherACR
		}
	case policy.OnMaxAge:
		if age := asks.MaxAge.Age + time.Second; age <= year {
			p.authAge = &age
		} else {
			p.authAge = nil
		}
	case policy.OnBound:
		p.bound = ""
	default: // not of the user
	}
}

// otherAudiences returns an audience that the provider takes and the rule does not ask for.
func (a *author) otherAudiences(provider string, asked *syntax.Match) []string {
	p := a.providers[provider]
	if p == nil || len(p.Terms().Audiences) == 0 {
		return []string{}
	}
	taken := p.Terms().Audiences
	for _, audience := range taken {
		if !slices.ContainsFunc(asked.Values, func(t syntax.Text) bool { return t.Value == audience }) {
			return []string{audience}
		}
	}
	return []string{taken[0]}
}

// without takes away the least that a match then misses.
func without(have []string, m *syntax.Match) []string {
	drop := m.Values
	if m.All {
		drop = drop[len(drop)-1:]
	}
	left := []string{}
	for _, s := range have {
		if !slices.ContainsFunc(drop, func(t syntax.Text) bool { return t.Value == s }) {
			left = append(left, s)
		}
	}
	return left
}
