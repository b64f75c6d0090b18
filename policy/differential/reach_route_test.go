package differential_test

import "strings"

// route notes how the request came to its route, or why it came to none.
func (r reached) route(n *naive) {
	q := n.q
	if strings.Contains(q.Sent, "%") && !q.isPlain() {
		r.note("route", "escapes", "")
	}
	for _, p := range n.w.places() {
		if h := p.route.HTTP; h != nil && h.Path.matches(q.Path) {
			r.http(n, p, h)
		}
		if c := p.route.GRPC; c != nil && q.belongsTo(c.Service) {
			r.grpc(n, p, c)
		}
	}
	if len(n.places) > 1 {
		r.note("route", "merged", "")
		first, second := n.places[0].route.HTTP, n.places[1].route.HTTP
		if first != nil && first.Path.String() != second.Path.String() {
			r.note("route", "merged with other variables", "")
		}
	}
	for _, m := range n.w.Meshes {
		for _, g := range m.Guardrails {
			r.guardrail(g, q)
		}
	}
}

// isPlain says that the path has no escape that could be left out.
func (q *question) isPlain() bool {
	needed := 0
	for _, c := range []byte(strings.Join(q.Path, "/")) {
		if mustEscape(c) {
			needed++
		}
	}
	return strings.Count(q.Sent, "%") == needed
}

func chosen(n *naive, p place) bool {
	for _, other := range n.places {
		if other == p {
			return true
		}
	}
	return false
}

// http notes of a route whose template matches the path how it fared.
func (r reached) http(n *naive, p place, h *httpMatch) {
	q := n.q
	for _, other := range n.places {
		if other.route.HTTP == nil {
			r.note("no call", "http route", "")
			return
		}
		r.narrower(other.route.HTTP.Path, h.Path)
		if len(other.hosts()) > 0 && len(h.Hosts) == 0 && other.route.HTTP.Path.narrower(h.Path) && h.Path.narrower(other.route.HTTP.Path) {
			r.note("route", "host before none", "")
		}
	}
	if chosen(n, p) {
		if has(h.Methods, "*") {
			r.note("route", "every method", "")
		}
		if len(h.Hosts) > 0 {
			r.note("route", "host", "")
		}
		if h.Upgrade {
			r.note("route", "upgrade", "")
		}
		if q.Path[len(q.Path)-1] == "" {
			r.note("route", "trailing slash", "")
		}
		r.overlapped(n, h.Path)
		return
	}
	switch {
	case len(n.places) > 0:
	case len(h.Hosts) > 0 && !has(h.Hosts, q.Host):
		r.note("route", "host of another", "")
	case !has(h.Methods, q.Method):
		r.note("route", "other method", "")
	case h.Upgrade && q.Upgrade == "":
		r.note("route", "upgrade not asked for", "")
	case !h.Upgrade && q.Upgrade != "":
		r.note("route", "upgrade not offered", "")
	}
}

func (r reached) narrower(chosen, lost template) {
	for i := range min(len(chosen), len(lost)) {
		a, b := chosen[i], lost[i]
		switch {
		case a.Variable == "" && b.Variable != "" && !b.Rest:
			r.note("route", "literal before variable", "")
		case a.Variable == "" && b.Rest:
			r.note("route", "literal before rest", "")
		case a.Variable != "" && !a.Rest && b.Rest:
			r.note("route", "variable before rest", "")
		}
	}
}

// overlapped notes that the template is there for exactly what two others both match.
func (r reached) overlapped(n *naive, t template) {
	all := n.w.places()
	for i, a := range all {
		for _, b := range all[:i] {
			if a.route.HTTP == nil || b.route.HTTP == nil {
				continue
			}
			x, y := a.route.HTTP.Path, b.route.HTTP.Path
			if both := intersection(x, y); both != nil && !x.narrower(y) && !y.narrower(x) && both.narrower(t) && t.narrower(both) {
				r.note("route", "exact overlap", "")
				return
			}
		}
	}
}

// grpc notes of a route whose service the path belongs to how it fared.
func (r reached) grpc(n *naive, p place, c *grpcMatch) {
	q := n.q
	if chosen(n, p) {
		r.note("route", "call", "")
		if has(c.Methods, "*") {
			r.note("route", "call of every method", "")
		}
		for _, other := range n.w.places() {
			if g := other.route.GRPC; g != nil && g.Service == c.Service && has(g.Methods, "*") && !has(c.Methods, "*") {
				r.note("route", "call before star", "")
			}
		}
		return
	}
	if len(n.places) > 0 || !has(c.Methods, q.Path[len(q.Path)-1]) {
		return
	}
	types := q.header("content-type")
	switch {
	case len(q.Path) != 2:
		r.note("no call", "path", "")
	case q.Method != "POST":
		r.note("no call", "method", "")
	case !q.HTTP2:
		r.note("no call", "HTTP/1.1", "")
	case len(types) > 1:
		r.note("no call", "two content-types", "")
	case len(types) == 1 && !strings.HasPrefix(types[0], "application/grpc+") && types[0] != "application/grpc":
		r.note("no call", "content-type", "")
	case strings.Contains(q.Sent, "%"):
		r.note("no call", "escapes", "")
	case q.Query != "":
		r.note("no call", "query", "")
	case q.Upgrade != "":
		r.note("no call", "upgrade", "")
	}
}

func (r reached) guardrail(g *guardrail, q *question) {
	if !anyMatches(g.Workloads, workload) || g.HTTP != nil && !g.HTTP.guards(q) || g.GRPC != nil && !g.GRPC.guards(q) {
		return
	}
	for _, e := range g.Except {
		if e.takesOut(q) {
			r.excepted(e)
			return
		}
	}
	if len(g.Except) > 0 {
		r.note("guardrail", "except", "applies")
	}
	if q.isCall() {
		r.note("guardrail", "to a call", "applies")
	}
	if q.Upgrade != "" {
		r.note("guardrail", "to an upgrade", "applies")
	}
	switch {
	case g.HTTP == nil && g.GRPC == nil:
		r.note("guardrail", "every request", "applies")
	case g.GRPC != nil:
		r.note("guardrail", "grpc", "applies")
		r.fields(g.GRPC.Methods, nil, g.GRPC.Hosts)
		if !q.isCall() {
			r.note("guardrail", "without a call", "guards the path of a call")
		}
	default:
		r.note("guardrail", "http", "applies")
		r.fields(g.HTTP.Methods, g.HTTP.Path, g.HTTP.Hosts)
	}
}

func (r reached) fields(methods []string, path template, hosts []string) {
	if len(methods) > 0 {
		r.note("guardrail", "methods", "applies")
	}
	if len(path) > 0 {
		r.note("guardrail", "path", "applies")
	}
	if len(hosts) > 0 {
		r.note("guardrail", "hosts", "applies")
	}
}

func (r reached) excepted(e *except) {
	if len(e.Workloads) > 0 {
		r.note("guardrail", "workloads", "is taken out")
	}
	if e.HTTP != nil {
		r.note("guardrail", "http", "is taken out")
	}
	if e.GRPC != nil {
		r.note("guardrail", "grpc", "is taken out")
	}
}
