package differential_test

import "slices"

// applies says that the guardrail matches the request, and that nothing takes it out.
func (g *guardrail) applies(q *question) bool {
	if !anyMatches(g.Workloads, workload) {
		return false
	}
	if g.HTTP != nil && !g.HTTP.guards(q) {
		return false
	}
	if g.GRPC != nil && !g.GRPC.guards(q) {
		return false
	}
	return !slices.ContainsFunc(g.Except, func(e *except) bool { return e.takesOut(q) })
}

func (e *except) takesOut(q *question) bool {
	if len(e.Workloads) > 0 && !anyMatches(e.Workloads, workload) {
		return false
	}
	if e.HTTP != nil && !e.HTTP.guards(q) {
		return false
	}
	if e.GRPC == nil {
		return true
	}
	named := q.isCallOf(e.GRPC.Service, []string{"*"}) || exceptOfEmptyMethod && len(q.Path) == 2
	return e.GRPC.guards(q) && q.isCall() && named
}

// guards says that what the match names is so; what it leaves out is any.
func (h *httpMatch) guards(q *question) bool {
	return (len(h.Methods) == 0 || has(h.Methods, q.Method)) &&
		(len(h.Path) == 0 || h.Path.matches(q.Path)) &&
		(len(h.Hosts) == 0 || slices.Contains(h.Hosts, q.Host))
}

// guards says that the path is that of one of the methods, or any of the service's where none is
// named, whatever is sent there.
func (g *grpcMatch) guards(q *question) bool {
	if len(g.Hosts) > 0 && !slices.Contains(g.Hosts, q.Host) {
		return false
	}
	return q.belongsTo(g.Service) && (len(g.Methods) == 0 || slices.Contains(g.Methods, "*") || q.isCallOf(g.Service, g.Methods))
}
