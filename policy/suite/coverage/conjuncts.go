package coverage

import (
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// conjunctsOf returns the conjuncts of a rule in the order of package policy.
func conjunctsOf(r *syntax.Rule) []Conjunct {
	found := map[policy.Conjuncts]*Conjunct{}
	add := func(bit policy.Conjuncts, at policy.Position) *Conjunct {
		c := found[bit]
		if c == nil {
			c = &Conjunct{bit: bit}
			found[bit] = c
		}
		c.Places = append(c.Places, at)
		return c
	}
	for _, caller := range r.Callers {
		if c := add(policy.OnCallers, caller.Position); caller.Value == "anyone" {
			c.Fixed = true
		}
	}
	if r.User != nil {
		addUser(r.User, func(bit policy.Conjuncts, at policy.Position) { add(bit, at) })
	}
	for _, h := range r.Headers {
		add(policy.OnHeaders, h.Position)
	}
	for _, p := range r.Source {
		add(policy.OnSource, p.Position)
	}
	if r.When != nil {
		add(policy.OnWhen, r.When.Position)
	}
	var all policy.Conjuncts
	for bit := range found {
		all |= bit
	}
	var list []Conjunct
	for name, bit := range all.Each {
		c := found[bit]
		c.Name = name
		list = append(list, *c)
	}
	return list
}

func addUser(u *syntax.User, add func(policy.Conjuncts, policy.Position)) {
	for _, p := range u.Providers {
		add(policy.OnProvider, p.Position)
	}
	for _, m := range []struct {
		bit   policy.Conjuncts
		match *syntax.Match
	}{
		{policy.OnSubjects, u.Subjects},
		{policy.OnClients, u.Clients},
		{policy.OnAudiences, u.Audiences},
		{policy.OnScopes, u.Scopes},
		{policy.OnRoles, u.Roles},
		{policy.OnACR, u.ACR},
		{policy.OnAMR, u.AMR},
	} {
		if m.match != nil {
			add(m.bit, m.match.Position)
		}
	}
	if u.MaxAge != nil {
		add(policy.OnMaxAge, u.MaxAge.Position)
	}
}
