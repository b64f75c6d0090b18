package lint

import (
	"slices"
	"strings"
)

// A realm is the policies that name the same workloads, which hold together or not at all.
type realm struct {
	workloads *idSet
	policies  []*servicePolicy
	own       map[string][]*route // of those policies, by what they match
	covering  []*realm            // those whose policies hold for all of its workloads, itself among them
	meeting   []*realm            // those whose policies hold for some of its workloads, itself among them
	covers    map[*realm]bool
	meets     map[*realm]bool

	// These are of the policies of covering, made by relate.
	deny     []*rule           // enforced
	routes   []*route          // all of them
	services map[string]*route // that name a gRPC service, one for each
	shapes   map[string]*route // of http, by the path without the names of its variables, one for each
}

// makeRealms puts policies together by the workloads that they name, in their order.
func (w *world) makeRealms() {
	known := map[string]*realm{}
	for _, p := range w.policies {
		names := values(p.from.Workloads)
		slices.Sort(names)
		key := strings.Join(names, " ")
		r := known[key]
		if r == nil {
			r = &realm{workloads: newIDSet(w.ids(p.from.Workloads)), own: map[string][]*route{}, covers: map[*realm]bool{}, meets: map[*realm]bool{}}
			known[key] = r
			w.realms = append(w.realms, r)
		}
		r.policies = append(r.policies, p)
		p.realm = r
		for _, route := range p.routes {
			r.own[route.key] = append(r.own[route.key], route)
		}
	}
}

// relateRealms finds out which realms hold for the workloads of each other. Those that can be are
// the ones that name a workload in common, and those with a wildcard.
func (w *world) relateRealms() {
	exact, wild := map[*id][]*realm{}, []*realm(nil)
	for _, r := range w.realms {
		if len(r.workloads.wild) > 0 {
			wild = append(wild, r)
			continue
		}
		for _, i := range r.workloads.ids {
			exact[i] = append(exact[i], r)
		}
	}
	for _, r := range w.realms {
		candidates := w.realms
		if len(r.workloads.wild) == 0 {
			candidates = slices.Clone(wild)
			for _, i := range r.workloads.ids {
				candidates = append(candidates, exact[i]...)
			}
		}
		if !w.spend(len(candidates), r.policies[0].at) {
			w.partial = true
			candidates = []*realm{r}
		}
		for _, other := range candidates {
			r.relate(other)
		}
	}
}

func (r *realm) relate(other *realm) {
	switch {
	case r.meets[other]:
	case r == other || r.workloads.within(other.workloads):
		r.covers[other], r.covering = true, append(r.covering, other)
		r.meets[other], r.meeting = true, append(r.meeting, other)
	case r.workloads.meets(other.workloads):
		r.meets[other], r.meeting = true, append(r.meeting, other)
	}
}

// gather collects what holds for all workloads of a realm.
func (w *world) gather(r *realm) {
	r.services, r.shapes = map[string]*route{}, map[string]*route{}
	for _, other := range r.covering {
		for _, p := range other.policies {
			if !w.spend(1+len(p.routes), p.at) {
				w.partial = true
				return
			}
			r.deny = append(r.deny, enforcedOf(p.deny)...)
			r.routes = append(r.routes, p.routes...)
			for _, route := range p.routes {
				r.index(route)
			}
		}
	}
}

func (r *realm) index(route *route) {
	if g := route.from.GRPC; g != nil && r.services[g.Service.Value] == nil {
		r.services[g.Service.Value] = route
	}
	for _, path := range route.area.paths {
		if shape := path.Shape(); route.from.HTTP != nil && r.shapes[shape] == nil {
			r.shapes[shape] = route
		}
	}
}
