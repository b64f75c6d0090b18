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
		for bit, at := range policy.NamedOf(r.User) {
			add(bit, at)
		}
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
