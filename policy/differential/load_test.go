package differential_test

import "slices"

// loads says whether the documents must load: "" when they must, else why not.
func (w *world) loads() string {
	for _, m := range w.Meshes {
		for _, o := range m.Onboarding {
			if o.Until.Sub(w.Loaded) > maxOnboarding {
				return "an onboarding of more than 90 days"
			}
		}
		for _, g := range m.Guardrails {
			for _, e := range g.Except {
				if h := e.HTTP; h != nil && has(h.Methods, "*") && len(h.Path)+len(h.Hosts)+len(e.Workloads) == 0 {
					return "an except for every request"
				}
			}
		}
	}
	if why := w.conditionsLoad(); why != "" {
		return why
	}
	return w.routesLoad()
}

// routesLoad says why the routes of the policies that protect the workload cannot stand together.
func (w *world) routesLoad() string {
	all := w.places()
	for i, a := range all {
		for _, b := range all[:i] {
			if why := a.conflict(b); why != "" {
				return why
			}
		}
	}
	return ambiguous(all)
}

// conflict says why two routes exclude each other: they match some of the same requests and not
// all of them, or one document has both.
func (p place) conflict(other place) string {
	a, b := p.route, other.route
	switch {
	case a.HTTP != nil && b.HTTP != nil:
		if !a.HTTP.Path.narrower(b.HTTP.Path) || !b.HTTP.Path.narrower(a.HTTP.Path) || a.HTTP.Upgrade != b.HTTP.Upgrade {
			return ""
		}
		return overlap(p, other, a.HTTP.Methods, b.HTTP.Methods)
	case a.GRPC != nil && b.GRPC != nil && a.GRPC.Service == b.GRPC.Service:
		if slices.Contains(a.GRPC.Methods, "*") != slices.Contains(b.GRPC.Methods, "*") {
			return "" // a method that is named is narrower
		}
		return overlap(p, other, a.GRPC.Methods, b.GRPC.Methods)
	}
	return ""
}

func overlap(p, other place, methods, others []string) string {
	hosts := p.hosts()
	if (len(hosts) == 0) != (len(other.hosts()) == 0) {
		return "" // the one with hosts beats the other
	}
	sameHost := len(hosts) == 0 || meet(hosts, other.hosts())
	sameMethod := has(methods, "*") || has(others, "*") || meet(methods, others)
	if !sameHost || !sameMethod {
		return ""
	}
	if !same(hosts, other.hosts()) || !same(methods, others) {
		return "two routes match some of the same requests"
	}
	if p.service == other.service {
		return "a policy repeats a route"
	}
	return ""
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// same says that two lists have the same values, in whatever order.
func same(a, b []string) bool {
	missing := func(list []string) func(string) bool {
		return func(s string) bool { return !slices.Contains(list, s) }
	}
	return !slices.ContainsFunc(a, missing(b)) && !slices.ContainsFunc(b, missing(a))
}

// ambiguous looks at every path that could make a difference: two templates must not match the
// same one, unless one is narrower or a third is for exactly those that both match.
func ambiguous(all []place) string {
	var templates []template
	for _, p := range all {
		if p.route.HTTP != nil {
			templates = append(templates, p.route.HTTP.Path)
		}
	}
	paths := everyPath(templates)
	matched := make([][]bool, len(templates))
	for i, t := range templates {
		for _, path := range paths {
			matched[i] = append(matched[i], t.matches(path))
		}
	}
	for i, a := range matched {
		for _, b := range matched[:i] {
			both := make([]bool, len(paths))
			for k := range paths {
				both[k] = a[k] && b[k]
			}
			if !slices.Contains(both, true) || slices.Equal(both, a) || slices.Equal(both, b) {
				continue
			}
			if !slices.ContainsFunc(matched, func(c []bool) bool { return slices.Equal(c, both) }) {
				return "two templates overlap"
			}
		}
	}
	return ""
}

// everyPath lists one path of each kind that the templates can tell apart: at each place a literal
// that one of them has there, another one, or, at the end, nothing.
func everyPath(templates []template) [][]string {
	longest := 0
	for _, t := range templates {
		longest = max(longest, len(t))
	}
	var paths [][]string
	begun := [][]string{nil}
	for i := range longest + 1 {
		values := []string{"another"}
		for _, t := range templates {
			if i < len(t) && t[i].Variable == "" && t[i].Literal != "" && !slices.Contains(values, t[i].Literal) {
				values = append(values, t[i].Literal)
			}
		}
		var next [][]string
		for _, path := range begun {
			path = slices.Clip(path)
			paths = append(paths, append(path, ""))
			for _, v := range values {
				next = append(next, append(path, v))
			}
		}
		paths, begun = append(paths, next...), next
	}
	return paths
}

// conditionsLoad says why a condition cannot stand where it does.
func (w *world) conditionsLoad() string {
	for _, s := range w.Services {
		for _, r := range s.Deny {
			if !r.When.readable(nil) {
				return "params without a path"
			}
		}
		for _, t := range s.Routes {
			var path template
			if t.HTTP != nil {
				path = t.HTTP.Path
			}
			for _, r := range slices.Concat(t.Allow, t.Deny) {
				if !r.When.readable(path) {
					return "an unknown name"
				}
			}
		}
	}
	for _, m := range w.Meshes {
		for _, g := range m.Guardrails {
			var path template
			if g.HTTP != nil {
				path = g.HTTP.Path
			}
			if !g.rule().When.readable(path) {
				return "an unknown name"
			}
		}
	}
	return ""
}

// readable says that the params of a condition are variables of the path.
func (e *expr) readable(path template) bool {
	if e == nil {
		return true
	}
	if e.op == opParam && !slices.ContainsFunc(path, func(s segment) bool { return s.Variable == e.text }) {
		return false
	}
	return !slices.ContainsFunc(e.args, func(a *expr) bool { return !a.readable(path) })
}
