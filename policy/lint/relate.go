package lint

import (
	"slices"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// maxSteps bounds how often things are compared, which very many of them would make quadratic:
// a second or two.
const maxSteps = 10_000_000

// spend counts comparisons, and says whether there may be so many more. That there may not is said
// once.
func (w *world) spend(steps int, at syntax.Position) bool {
	if w.steps+steps <= w.maxSteps {
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
	w.makeRealms()
	w.relateRealms()
	for _, r := range w.realms {
		w.gather(r)
		for _, p := range r.policies {
			for _, route := range p.routes {
				w.guard(route)
			}
		}
	}
}

// guard finds the guardrails that hold for a route.
func (w *world) guard(r *route) {
	for _, g := range w.guards {
		if g.rule.enforced() && w.spend(1, r.from.Position) && w.holdsFor(g, r) {
			r.guards = append(r.guards, g)
		}
	}
}

// peers returns the routes that are one with r wherever r is: itself first.
func (w *world) peers(r *route) []*route { return w.among(r, r.policy.realm.covering) }

// neighbours returns the routes that are one with r for some workload: itself first.
func (w *world) neighbours(r *route) []*route { return w.among(r, r.policy.realm.meeting) }

func (w *world) among(r *route, realms []*realm) []*route {
	all := []*route{r}
	if !w.spend(len(realms), r.from.Position) {
		return all
	}
	for _, realm := range realms {
		for _, other := range realm.own[r.key] {
			if other != r {
				all = append(all, other)
			}
		}
	}
	return all
}

// holdsFor says that the guardrail holds for every request of a route, to every workload of its
// policy.
func (w *world) holdsFor(g *guardrail, r *route) bool {
	workloads := r.policy.realm.workloads
	if !r.area.within(&g.area) || !workloads.within(g.workloads) {
		return false
	}
	return !slices.ContainsFunc(g.except, func(e except) bool {
		return (e.workloads == nil || e.workloads.meets(workloads)) && r.area.meets(&e.area) && !w.losesAll(r, e.area.paths)
	})
}

// losesAll says that whatever goes to any of some paths goes to routes with narrower paths than
// those of r that match it, too.
func (w *world) losesAll(r *route, paths []template.Template) bool {
	routes := r.policy.realm.routes
	if len(paths) == 0 || !w.spend(len(paths)*len(routes), r.from.Position) {
		return false
	}
	return !slices.ContainsFunc(paths, func(p template.Template) bool {
		return slices.ContainsFunc(r.area.paths, func(own template.Template) bool { return p.Overlaps(own) && !loses(p, own, routes) })
	})
}

// loses says that what matches p goes to one of the routes which has a narrower path than own.
func loses(p, own template.Template, routes []*route) bool {
	return slices.ContainsFunc(routes, func(other *route) bool {
		return slices.ContainsFunc(other.area.paths, func(narrower template.Template) bool {
			return p.Within(narrower) && narrower.Within(own) && !own.Within(narrower)
		})
	})
}

// mayHoldFor says that the guardrail may hold for some request to a workload of a realm.
func (g *guardrail) mayHoldFor(r *realm) bool { return g.workloads.meets(r.workloads) }
