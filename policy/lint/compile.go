package lint

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A compilation is what package policy makes of the documents.
type compilation struct {
	catalog *policy.Catalog
	err     error
}

// prepare compiles the documents. A provider that is missing is another finding, and so that it
// hides nothing else an empty one takes its place.
func prepare(documents []syntax.Document, now time.Time) compilation {
	documents = slices.Clone(documents)
	for _, name := range missing(documents) {
		documents = append(documents, syntax.Document{Kind: "IdentityProvider", Name: name, IdentityProvider: &identity.Provider{Name: name}})
	}
	catalog, err := policy.Prepare(documents, now)
	return compilation{catalog, err}
}

// conjuncts returns what each rule names, as named tells of it, by its place; nil when there are none.
func (c compilation) conjuncts(named func(*policy.Rule) policy.Conjuncts) map[syntax.Position]policy.Conjuncts {
	if c.catalog == nil {
		return nil
	}
	all := map[syntax.Position]policy.Conjuncts{}
	for r := range c.catalog.EachRule {
		all[r.Position()] |= named(r)
	}
	return all
}

// missing returns the providers that rules name and no document is.
func missing(documents []syntax.Document) []string {
	named := map[string]bool{}
	each := func(rules ...syntax.Rule) {
		for i := range rules {
			if u := rules[i].User; u != nil {
				for _, t := range u.Providers {
					named[t.Value] = true
				}
			}
		}
	}
	for i := range documents {
		if p := documents[i].ServicePolicy; p != nil {
			each(p.Deny...)
			for j := range p.Routes {
				each(p.Routes[j].Allow...)
				each(p.Routes[j].Deny...)
			}
		}
		if m := documents[i].MeshPolicy; m != nil {
			for j := range m.Guardrails {
				for _, r := range []*syntax.Rule{m.Guardrails[j].Deny, m.Guardrails[j].Require} {
					if r != nil {
						each(*r)
					}
				}
			}
		}
	}
	for i := range documents {
		if documents[i].IdentityProvider != nil {
			delete(named, documents[i].Name)
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// checkLoads adds what keeps the documents from being loaded.
func (w *world) checkLoads(c compilation) {
	w.invalid(c.err)
	if c.err != nil {
		return
	}
	for _, workload := range w.workloads() {
		_, err := c.catalog.Set(workload)
		w.invalid(err)
	}
}

// invalid adds a finding for each fault of an error.
func (w *world) invalid(err error) {
	var many interface{ Unwrap() []error }
	var one *syntax.Error
	switch {
	case err == nil:
	case errors.As(err, &many):
		for _, fault := range many.Unwrap() {
			w.invalid(fault)
		}
	case errors.As(err, &one):
		w.addAt(Invalid, one.Position, "%s", one.Message)
	default:
		w.addAt(Invalid, syntax.Position{}, "%s", err)
	}
}

// maxWorkloads bounds for how many workloads the policies are put together.
const maxWorkloads = 20_000

// workloads returns IDs for which every conflict between two policies shows: each that is named,
// one for each pattern with a wildcard, and one for what two of those have in common.
func (w *world) workloads() []string {
	found := map[string]bool{}
	var wild []*id
	for _, r := range w.realms {
		for _, i := range r.workloads.ids {
			if id := some(i.domain, i.segments); !found[id] {
				found[id] = true
				wild = append(wild, i)
			}
		}
	}
	wild = slices.DeleteFunc(wild, func(i *id) bool { return i.exact })
	for n, a := range wild {
		for _, b := range wild[:n] {
			if len(found) < maxWorkloads && w.spend(1, syntax.Position{}) && a.meets(b) {
				found[some(a.domain, common(a.segments, b.segments))] = true
			}
		}
	}
	all := slices.Sorted(maps.Keys(found))
	return all[:min(len(all), maxWorkloads)]
}

// some returns an ID that a pattern matches, and no other pattern that names what stands for its
// wildcards.
func some(domain string, segments []string) string {
	var b strings.Builder
	b.WriteString("spiffe://" + domain)
	for _, s := range segments {
		if isWildcard(s) {
			s = "any.Other"
		}
		b.WriteString("/" + s)
	}
	return b.String()
}

// common returns the segments that two patterns, which meet, have in common.
func common(a, b []string) []string {
	var all []string
	for i := 0; i < len(a) || i < len(b); i++ {
		switch {
		case i >= len(a) || a[i] == "**":
			return append(all, b[i:]...)
		case i >= len(b) || b[i] == "**":
			return append(all, a[i:]...)
		case a[i] == "*":
			all = append(all, b[i])
		default:
			all = append(all, a[i])
		}
	}
	return all
}
