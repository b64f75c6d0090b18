package lint

import (
	"slices"

	"github.com/postern/postern/policy/syntax"
)

// maxSteps bounds how often things are compared, which very many of them would make quadratic:
// a second or two.
const maxSteps = 20_000_000

// spend counts comparisons, and says whether there may be so many more. That there may not is said
// once.
func (w *world) spend(steps int, at syntax.Position) bool {
	if w.steps+steps <= maxSteps {
		w.steps += steps
		return true
	}
	if !w.unfinished {
		w.unfinished = true
		w.addAt(Unfinished, at, "there is too much here to compare all of it: from here on, not every rule was compared with every other")
	}
	return false
}

// relate finds out which policies and guardrails hold for the workloads of each other.
func (w *world) relate() {
	slices.SortStableFunc(w.policies, func(a, b *servicePolicy) int { return a.at.Compare(b.at) })
	slices.SortStableFunc(w.guards, func(a, b *guardrail) int { return a.from.Position.Compare(b.from.Position) })
	exact, wild := map[*id][]*servicePolicy{}, []*servicePolicy(nil)
	for _, p := range w.policies {
		if len(p.workloads.wild) > 0 {
			wild = append(wild, p)
			continue
		}
		for _, i := range p.workloads.ids {
			exact[i] = append(exact[i], p)
		}
	}
	for _, p := range w.policies {
		w.relatePolicy(p, exact, wild)
		for _, r := range p.routes {
			for _, g := range w.guards {
				if g.rule.enforced() && w.spend(1, r.from.Position) && g.holdsFor(r) {
					r.guards = append(r.guards, g)
				}
			}
		}
	}
}

// relatePolicy looks at the policies that may protect a workload of p: those that name one of
// its own, and those with a wildcard.
func (w *world) relatePolicy(p *servicePolicy, exact map[*id][]*servicePolicy, wild []*servicePolicy) {
	p.covering, p.meeting = []*servicePolicy{p}, []*servicePolicy{p}
	candidates := wild
	if len(p.workloads.wild) > 0 {
		candidates = w.policies
	}
	seen := map[*servicePolicy]bool{p: true}
	visit := func(q *servicePolicy) {
		if seen[q] {
			return
		}
		seen[q] = true
		switch {
		case !w.spend(1, p.at):
			w.partial = true
		case p.workloads.within(q.workloads):
			p.covering, p.meeting = append(p.covering, q), append(p.meeting, q)
		case p.workloads.meets(q.workloads):
			p.meeting = append(p.meeting, q)
		}
	}
	for _, q := range candidates {
		visit(q)
	}
	for _, i := range p.workloads.ids {
		for _, q := range exact[i] {
			visit(q)
		}
	}
}

// peers returns the routes that are one with r wherever r is: itself first.
func (w *world) peers(r *route) []*route { return w.among(r, r.policy.covering) }

// neighbours returns the routes that are one with r for some workload.
func (w *world) neighbours(r *route) []*route { return w.among(r, r.policy.meeting) }

func (w *world) among(r *route, policies []*servicePolicy) []*route {
	all := []*route{r}
	for _, other := range w.routes[r.key] {
		if other != r && slices.Contains(policies, other.policy) {
			all = append(all, other)
		}
	}
	return all
}

// holdsFor says that the guardrail holds for every request of a route, to every workload of its
// policy.
func (g *guardrail) holdsFor(r *route) bool {
	if !r.area.within(&g.area) || !r.policy.workloads.within(g.workloads) {
		return false
	}
	return !slices.ContainsFunc(g.except, func(e except) bool {
		return (e.workloads == nil || e.workloads.meets(r.policy.workloads)) && r.area.meets(&e.area) && !r.losesAll(e.area.paths)
	})
}

// losesAll says that whatever goes to any of some paths goes to routes with narrower paths than
// those of r that match it, too.
func (r *route) losesAll(paths []path) bool {
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(p path) bool {
		return slices.ContainsFunc(r.area.paths, func(own path) bool { return p.meets(own) && !r.loses(p, own) })
	})
}

// loses says that what matches p goes to a route with a narrower path than own.
func (r *route) loses(p, own path) bool {
	return slices.ContainsFunc(r.policy.covering, func(q *servicePolicy) bool {
		return slices.ContainsFunc(q.routes, func(other *route) bool {
			return slices.ContainsFunc(other.area.paths, func(narrower path) bool {
				return p.within(narrower) && narrower.within(own) && !own.within(narrower)
			})
		})
	})
}

// mayHoldFor says that the guardrail may hold for some request to a workload of a policy.
func (g *guardrail) mayHoldFor(p *servicePolicy) bool { return g.workloads.meets(p.workloads) }
