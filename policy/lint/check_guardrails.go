package lint

import (
	"slices"

	"github.com/postern/postern/policy/template"
)

// checkGuardrails finds guardrails that hold for less than they seem to.
func (w *world) checkGuardrails() {
	for _, g := range w.guards {
		w.checkMatched(g)
		w.checkGap(g)
	}
}

// checkMatched finds a guardrail that holds for no workload that is known.
func (w *world) checkMatched(g *guardrail) {
	if w.partial || len(w.policies) == 0 || slices.ContainsFunc(w.realms, g.mayHoldFor) {
		return
	}
	w.addAt(UnmatchedGuardrail, g.from.Position, "no policy here protects a workload that this guardrail is for: is the trust domain or a segment misspelt?")
}

// checkGap finds a guardrail for /x/{rest...} beside which nothing holds for /x.
func (w *world) checkGap(g *guardrail) {
	if !g.rule.enforced() || len(g.area.paths) == 0 {
		return
	}
	trunk, ok := g.area.paths[0].Trunk()
	if !ok {
		return
	}
	gap := g.area
	gap.paths = []template.Template{trunk}
	for _, other := range w.guards {
		if other != g && other.closes(g, &gap) {
			return
		}
	}
	f := w.addAt(GuardrailGap, g.from.HTTP.Path.Position, "this holds for everything below %s, and not for %s itself: add a guardrail for that path", trunk, trunk).as(Info)
	f.around = g.from.Position
	for _, p := range w.policies {
		if !w.spend(len(p.routes), g.from.Position) || !g.mayHoldFor(p.realm) || g.takesOut(p.realm, &gap) {
			continue
		}
		for _, r := range p.routes {
			if r.area.meets(&gap) && len(enforcedOf(r.allow)) > 0 {
				f.as(Warning).related(r.from.Position, "a route that goes there")
				return
			}
		}
	}
}

// closes says that for every request of gap, in which open does not hold, g holds and is at least
// as strict.
func (g *guardrail) closes(open *guardrail, gap *area) bool {
	if !g.rule.enforced() || g.rule.effect != open.rule.effect || !open.workloads.within(g.workloads) || !gap.within(&g.area) {
		return false
	}
	if slices.ContainsFunc(g.except, func(e except) bool {
		return (e.workloads == nil || e.workloads.meets(open.workloads)) && gap.meets(&e.area) && !slices.ContainsFunc(open.except, e.within)
	}) {
		return false
	}
	if open.rule.effect == deny {
		return open.rule.within(g.rule)
	}
	return g.rule.within(open.rule)
}

// within says that o takes out whatever e takes out.
func (e except) within(o except) bool {
	return (o.workloads == nil || e.workloads != nil && e.workloads.within(o.workloads)) && e.area.within(&o.area)
}

// takesOut says that an except of the guardrail takes out everything of gap for a realm.
func (g *guardrail) takesOut(r *realm, gap *area) bool {
	return slices.ContainsFunc(g.except, func(e except) bool {
		return (e.workloads == nil || r.workloads.within(e.workloads)) && gap.within(&e.area)
	})
}
