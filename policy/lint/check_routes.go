package lint

import (
	"slices"
	"strings"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/template"
)

// checkRoutes finds routes that no request goes to, and routes that do nothing.
func (w *world) checkRoutes() {
	for _, p := range w.policies {
		services, shapes := p.realm.services, p.realm.shapes
		for _, r := range p.routes {
			switch why, by := r.unreachable(services, shapes); {
			case by != nil:
				w.addAt(UnreachableRoute, r.from.Position, "%s", why).related(by.from.Position, "the route that those requests go to")
			case why != "":
				w.addAt(UnreachableRoute, r.from.Position, "%s", why)
			default:
				w.checkAllows(r)
			}
		}
	}
}

// unreachable says why no request goes to a route, and which route they go to; "" when some may.
func (r *route) unreachable(services, shapes map[string]*route) (why string, by *route) {
	if r.from.HTTP == nil || len(r.area.paths) == 0 {
		return "", nil
	}
	path := r.area.paths[0]
	if first := path.Segments()[0]; first.Variable == "" && services[first.Literal] != nil {
		return "no request goes to this route: the paths of the gRPC service " + first.Literal + " belong to gRPC calls alone", services[first.Literal]
	}
	if by := shadowing(path, shapes); by != nil {
		return "no request goes to this route: narrower paths match all that its own does, and nothing falls back", by
	}
	if len(r.area.methods) > 0 && !slices.ContainsFunc(r.area.methods, func(m string) bool { _, err := policy.ParseMethod(m); return err == nil }) {
		return "no request goes to this route: a request with a method that is this long is refused", nil
	}
	return "", nil
}

// shadowing returns one of the routes that together match whatever a path that ends in {name...}
// matches: the path with nothing behind it, with one segment, and so on to one that ends in
// {name...} itself.
func shadowing(p template.Template, shapes map[string]*route) *route {
	trunk, ok := strings.CutSuffix(p.Shape(), "/{...}")
	if !ok {
		return nil
	}
	for range template.MaxSegments - len(p.Segments()) {
		if shapes[trunk+"/"] == nil || shapes[trunk+"/{}"] == nil {
			return nil
		}
		trunk += "/{}"
		if by := shapes[trunk+"/{...}"]; by != nil {
			return by
		}
	}
	return nil
}

// checkAllows finds a route without an allow, unless it takes requests from a wider one.
func (w *world) checkAllows(r *route) {
	if w.partial {
		return
	}
	for _, other := range w.neighbours(r) {
		if len(other.allow) > 0 {
			return
		}
	}
	for _, realm := range r.policy.realm.meeting {
		for _, p := range realm.policies {
			if !w.spend(len(p.routes), r.from.Position) || slices.ContainsFunc(p.routes, func(other *route) bool {
				return len(other.allow) > 0 && other.key != r.key && other.isWider(r)
			}) {
				return
			}
		}
	}
	w.addAt(RouteWithoutAllow, r.from.Position, "nothing is allowed here, and nothing would be without this route: add an allow, or take the route out")
}

// isWider says that requests which go to a narrower route might go to r without it. The paths of
// a gRPC service are taken from http routes, too.
func (r *route) isWider(narrower *route) bool {
	if r.from.HTTP == nil && narrower.from.HTTP != nil {
		return false
	}
	hosts := len(r.area.hosts) == 0 && len(narrower.area.hosts) > 0
	return slices.ContainsFunc(narrower.area.paths, func(p template.Template) bool {
		return slices.ContainsFunc(r.area.paths, func(q template.Template) bool { return p.Within(q) && (hosts || p.Shape() != q.Shape()) })
	})
}
