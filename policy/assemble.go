package policy

import (
	"fmt"
	"slices"

	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/syntax"
)

// maxCost bounds what the conditions of one decision may cost together, in the units of
// condition.MaxCost.
const maxCost = 25 * condition.MaxCost

// An assembler builds the set of one workload and gathers what is in conflict.
type assembler struct {
	set    *Set
	faults syntax.Errors
	trees  grower
	taken  []spot         // of the route at hand
	index  map[*route]int // of set.routes, as far as it was needed
}

func (c *Catalog) assemble(workload string) (*Set, error) {
	a := &assembler{set: &Set{workload: workload, services: map[string]bool{}, providers: c.providers}}
	var mine []*compiledPolicy
	for _, p := range c.policies {
		if !anyMatches(p.workloads, workload) {
			continue
		}
		mine = append(mine, p)
		a.set.policies = append(a.set.policies, p.name)
		a.set.deny = append(a.set.deny, p.deny...)
		a.tell(p.upstream)
	}
	a.set.base = reads(a.set.deny)
	for _, p := range mine {
		for _, r := range p.routes {
			a.place(r)
		}
	}
	for i := range c.guards {
		if g, ok := c.guards[i].of(workload); ok {
			a.set.guards = append(a.set.guards, g)
		}
	}
	for _, o := range c.onboarding {
		if anyMatches(o.workloads, workload) {
			a.set.onboarding = append(a.set.onboarding, o)
		}
	}
	a.overlaps()
	a.finish()
	if err := a.faults.Err(); err != nil {
		return nil, err
	}
	return a.set, nil
}

func (a *assembler) fault(at Position, format string, args ...any) {
	a.faults.Add(&syntax.Error{Position: at, Message: fmt.Sprintf(format, args...)})
}

// finish derives what is read per request from what was gathered.
func (a *assembler) finish() {
	s := a.set
	s.rules = len(s.deny) + len(s.guards)
	always := costOf(s.deny)
	for i := range s.guards {
		s.guards[i].reads = reads([]*Rule{s.guards[i].rule})
		always += costOf([]*Rule{s.guards[i].rule})
	}
	for _, r := range s.routes {
		s.rules += len(r.deny) + len(r.allow)
		if cost := always + costOf(r.deny) + costOf(r.allow); cost > maxCost {
			a.fault(r.at.position(), "the conditions that one request to this route may evaluate could cost %d together, and at most %d are allowed: make them simpler, or fewer", cost, maxCost)
		}
	}
}

// needs is what rules look at. It is never modified.
type needs struct{ providers, headers []string } // sorted, none twice

// reads returns what rules that are enforced look at.
func reads(rules []*Rule) needs {
	var n needs
	for _, r := range rules {
		if r.shadow {
			continue
		}
		n.providers = append(n.providers, r.user.providers...)
		for i := range r.header {
			n.headers = append(n.headers, r.header[i].name)
		}
		if r.when != nil {
			n.headers = append(n.headers, r.when.Headers()...)
		}
	}
	return n.sorted()
}

// and returns what both look at.
func (n needs) and(o needs) needs {
	return needs{union(nil, n.providers, o.providers), union(nil, n.headers, o.headers)}
}

// A room is memory for needs of so many names, and no longer needed than the decision at hand.
type room struct{ providers, headers [16]string }

// andIn is and in memory, which n may be in already.
func (n needs) andIn(in *room, o needs) needs {
	return needs{union(in.providers[:0], n.providers, o.providers), union(in.headers[:0], n.headers, o.headers)}
}

// union returns that of two sorted lists: the one that has the other, or one in memory, which a may
// be in already.
func union(in, a, b []string) []string {
	switch {
	case containsAll(a, b):
		return a
	case containsAll(b, a):
		return b
	}
	all := append(in, a...)
	for _, s := range b {
		if i, found := slices.BinarySearch(all, s); !found {
			all = slices.Insert(all, i, s)
		}
	}
	return all
}

func containsAll(of, want []string) bool {
	for _, s := range want {
		if !slices.Contains(of, s) {
			return false
		}
	}
	return true
}

func (n needs) sorted() needs {
	slices.Sort(n.providers)
	slices.Sort(n.headers)
	return needs{slices.Compact(n.providers), slices.Compact(n.headers)}
}

func costOf(rules []*Rule) (cost uint64) {
	for _, r := range rules {
		if r.when != nil {
			cost += r.when.Cost()
		}
	}
	return cost
}
