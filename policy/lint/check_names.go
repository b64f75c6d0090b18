package lint

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax"
)

// checkNames finds names that lead nowhere, and names that nothing uses.
func (w *world) checkNames() {
	for _, r := range w.revocations {
		for _, e := range r.Entries {
			for _, name := range e.Providers {
				if p := w.providers[name]; p != nil {
					p.used = true
				} else if !w.partial {
					w.addAt(UnknownProvider, positionOf(e.At), "there is no IdentityProvider named %q, so that this entry cuts nothing off%s", name, w.meant(name))
				}
			}
		}
	}
	for _, p := range w.policies {
		w.checkGroups(p)
	}
	w.checkProviders()
}

// checkProviders finds what is named and not there, and what is there and not named.
func (w *world) checkProviders() {
	if w.partial {
		return
	}
	for _, r := range w.rules() {
		if r.from.User == nil {
			continue
		}
		for _, t := range r.from.User.Providers {
			if w.providers[t.Value] == nil {
				f := w.add(UnknownProvider, r, "there is no IdentityProvider named %q, so that this would not be loaded", t.Value).at(t.Position)
				f.Message += w.meant(t.Value)
			}
		}
	}
	if len(w.policies)+len(w.guards) == 0 {
		return
	}
	for name, p := range w.providers {
		if !p.used {
			w.addAt(UnusedProvider, p.at, "no rule names the IdentityProvider %q: its keys are fetched for nothing", name)
		}
	}
}

// fewProviders is how many are listed where none has a name that is nearly the one that is written.
const fewProviders = 5

// meant names the provider that was meant, or else all when there are few.
func (w *world) meant(written string) string {
	names := slices.Sorted(maps.Keys(w.providers))
	if near := syntax.Nearest(written, names); near != "" {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	if len(names) == 0 || len(names) > fewProviders {
		return ""
	}
	return ": there is " + strings.Join(names, ", ")
}

// checkGroups finds groups that no rule names.
func (w *world) checkGroups(p *servicePolicy) {
	used := map[string]bool{}
	each := func(rules []syntax.Rule) {
		for i := range rules {
			for _, t := range rules[i].Callers {
				used[t.Value] = true
			}
		}
	}
	each(p.from.Deny)
	for i := range p.from.Routes {
		each(p.from.Routes[i].Allow)
		each(p.from.Routes[i].Deny)
	}
	for _, g := range p.from.Groups {
		if !used["group:"+g.Name.Value] {
			w.addAt(UnusedGroup, g.Name.Position, "no rule names the group %q: take it out", g.Name.Value).
				fix("take the group out", g.Name.Position, edit.Name)
		}
	}
}

// checkLists finds entries of lists that others cover.
func (w *world) checkLists() {
	for _, p := range w.policies {
		w.checkPatterns(p.from.Workloads, nil)
		for _, g := range p.from.Groups {
			w.checkPatterns(g.Callers, nil)
		}
	}
	for _, g := range w.guards {
		w.checkPatterns(g.from.Workloads, nil)
		for _, e := range g.from.Except {
			w.checkPatterns(e.Workloads, nil)
		}
	}
	for _, o := range w.onboarding {
		w.checkPatterns(o.Workloads, nil)
	}
	for _, r := range w.rules() {
		w.checkPatterns(r.from.Callers, r)
		w.checkRanges(r)
	}
}

// checkPatterns finds patterns, and groups of them, that others of the list cover.
func (w *world) checkPatterns(texts []syntax.Text, r *rule) {
	if len(texts) < 2 || !w.spend(len(texts)*len(texts), texts[0].Position) {
		return
	}
	sets := make([]*idSet, len(texts))
	for i, t := range texts {
		group, isGroup := strings.CutPrefix(t.Value, "group:")
		if isGroup && r != nil && r.policy != nil {
			sets[i] = r.policy.groups[group]
		} else if i2 := w.id(t.Value); i2 != nil {
			sets[i] = newIDSet([]*id{i2})
		}
	}
	gone := make([]bool, len(texts))
	for i, t := range texts {
		by := -1
		for j := range texts {
			if i != j && !gone[j] && sets[i] != nil && sets[j] != nil && sets[i].within(sets[j]) && (i > j || !sets[j].within(sets[i])) {
				by = j
				break
			}
		}
		if by >= 0 {
			gone[i] = true
			w.redundant(t.Position, t.Value, texts[by].Value, r)
		}
	}
}

// checkRanges finds ranges of addresses that others of the list cover.
func (w *world) checkRanges(r *rule) {
	if len(r.source) < 2 || !w.spend(len(r.source)*len(r.source), r.at) {
		return
	}
	for i, p := range r.from.Source {
		others := slices.Delete(slices.Clone(r.source), i, i+1)
		if j := slices.IndexFunc(others, func(q netip.Prefix) bool { return covered(p.Prefix, []netip.Prefix{q}) }); j >= 0 {
			w.redundant(p.Position, p.Prefix.String(), others[j].String(), r)
		}
	}
}

func (w *world) redundant(at syntax.Position, entry, by string, r *rule) {
	f := w.addAt(RedundantEntry, at, "%s covers %s already: take this entry out", by, entry).fix("take the entry out", at, edit.Item)
	if r != nil {
		f.around = r.at
	}
}

// rules returns every rule.
func (w *world) rules() []*rule {
	var all []*rule
	for _, p := range w.policies {
		all = append(all, p.deny...)
		for _, r := range p.routes {
			all = append(append(all, r.allow...), r.deny...)
		}
	}
	for _, g := range w.guards {
		all = append(all, g.rule)
	}
	return all
}
