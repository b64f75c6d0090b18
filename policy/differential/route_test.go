package differential_test

import (
	"slices"
	"strings"
)

// matches says that a path is one of those that the template stands for.
func (t template) matches(path []string) bool {
	for i, s := range t {
		switch {
		case i >= len(path):
			return false
		case s.Rest:
			return true
		case s.Variable != "" && path[i] == "":
			return false
		case s.Variable == "" && path[i] != s.Literal:
			return false
		}
	}
	return len(t) == len(path)
}

// narrower says that t stands for some of the paths of wide, or the same ones, and no other.
func (t template) narrower(wide template) bool {
	for i, w := range wide {
		switch {
		case i >= len(t):
			return false
		case w.Rest:
			return true
		case t[i].Rest:
			return false
		case w.Variable == "" && (t[i].Variable != "" || t[i].Literal != w.Literal):
			return false
		case w.Variable != "" && t[i].Variable == "" && t[i].Literal == "":
			return false
		}
	}
	return len(t) == len(wide)
}

// A place is a route and the policy that it stands in.
type place struct {
	service *service
	route   *route
}

// mine are the policies that protect the workload.
func (w *world) mine() []*service {
	var mine []*service
	for _, s := range w.Services {
		if anyMatches(s.Workloads, workload) {
			mine = append(mine, s)
		}
	}
	return mine
}

// places are the routes of the policies that protect the workload.
func (w *world) places() []place {
	var all []place
	for _, s := range w.mine() {
		for _, r := range s.Routes {
			all = append(all, place{s, r})
		}
	}
	return all
}

// choose returns the one route that the request goes to; several when policies were merged into it.
func (w *world) choose(q *question) []place {
	if q.Method == "CONNECT" {
		return nil
	}
	var calls, others []place
	belongs := false
	for _, p := range w.places() {
		switch {
		case p.route.HTTP != nil && p.route.HTTP.Path.matches(q.Path):
			others = append(others, p)
		case p.route.GRPC != nil && q.belongsTo(p.route.GRPC.Service):
			belongs = true
			if q.isCallOf(p.route.GRPC.Service, p.route.GRPC.Methods) {
				calls = append(calls, p)
			}
		}
	}
	if belongs {
		return q.chooseCall(calls)
	}
	return q.chooseHTTP(others)
}

func (q *question) chooseHTTP(all []place) []place {
	var narrowest []place
	for _, p := range all {
		if !slices.ContainsFunc(all, func(other place) bool { return !p.route.HTTP.Path.narrower(other.route.HTTP.Path) }) {
			narrowest = append(narrowest, p)
		}
	}
	narrowest = q.chooseHost(narrowest)
	return keep(narrowest, func(p place) bool {
		return has(p.route.HTTP.Methods, q.Method) && q.Upgrade == map[bool]string{true: "websocket"}[p.route.HTTP.Upgrade]
	})
}

// chooseCall takes the method for the last segment of the path: one that is named is narrower than
// the star.
func (q *question) chooseCall(all []place) []place {
	if !q.isCall() || q.Upgrade != "" {
		return nil
	}
	named := keep(all, func(p place) bool { return slices.Contains(p.route.GRPC.Methods, q.Path[1]) })
	if len(named) > 0 {
		all = named
	}
	return q.chooseHost(all)
}

// chooseHost keeps the routes that name the host, or where none does those that name none.
func (q *question) chooseHost(all []place) []place {
	exact := keep(all, func(p place) bool { return slices.Contains(p.hosts(), q.Host) })
	if len(exact) > 0 {
		return exact
	}
	return keep(all, func(p place) bool { return len(p.hosts()) == 0 })
}

func (p place) hosts() []string {
	if p.route.HTTP != nil {
		return p.route.HTTP.Hosts
	}
	return p.route.GRPC.Hosts
}

// belongsTo says that the path is one of a gRPC service's.
func (q *question) belongsTo(service string) bool { return q.Path[0] == service }

// isCall says that the request is a gRPC call of any method.
func (q *question) isCall() bool {
	types := q.header("content-type")
	if len(types) != 1 || q.Sent != "/"+strings.Join(q.Path, "/") || strings.Trim(q.Query, "?") != "" {
		return false
	}
	suffix, grpc := strings.CutPrefix(types[0], "application/grpc")
	return q.Method == "POST" && q.HTTP2 && grpc && (suffix == "" || len(suffix) > 1 && suffix[0] == '+')
}

// isCallOf says that the path is that of one of the methods.
func (q *question) isCallOf(service string, methods []string) bool {
	return len(q.Path) == 2 && q.Path[0] == service && q.Path[1] != "" && has(methods, q.Path[1])
}

// has says that a list has a value, or the star that stands for all.
func has(list []string, value string) bool {
	return slices.Contains(list, value) || slices.Contains(list, "*")
}

func keep[T any](all []T, is func(T) bool) []T {
	var kept []T
	for _, v := range all {
		if is(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// anyMatches says that one of the patterns stands for the SPIFFE ID.
func anyMatches(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return patternMatches(pattern, id) })
}

func patternMatches(pattern, id string) bool {
	if id == "" {
		return false
	}
	want, got := strings.Split(pattern, "/"), strings.Split(id, "/")
	for i, w := range want {
		switch {
		case i >= len(got):
			return false
		case w == "**":
			return true
		case w != "*" && w != got[i]:
			return false
		}
	}
	return len(want) == len(got)
}
