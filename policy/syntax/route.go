package syntax

import (
	"fmt"

	"github.com/postern/postern/policy/syntax/tree"
	"github.com/postern/postern/policy/template"
)

var routeShape = &shape{
	what:   "a route",
	fields: []string{"name", "http", "grpc", "allow", "deny"},
}

var httpShape = &shape{
	what:   "http",
	fields: []string{"methods", "path", "hosts", "upgrade"},
}

var grpcShape = &shape{
	what:   "grpc",
	fields: []string{"service", "methods", "hosts"},
}

func (s scope) routes(n *tree.Node) []Route {
	items := s.items(n)
	routes := make([]Route, 0, len(items))
	seen := newSeen(len(items))
	for i := range items {
		route := s.route(&items[i])
		if line := seen.add(route.Name); line > 0 {
			s.errors.Add(&Error{route.Name.Position, fmt.Sprintf("a route named %s stands in line %d already", quote(route.Name.Value), line)})
		}
		routes = append(routes, route)
	}
	return routes
}

func (s scope) route(n *tree.Node) Route {
	o := s.object(n, routeShape)
	route := Route{
		Position: s.position(n),
		Name:     s.text(o.need("name"), checkLabel),
	}
	switch o.one("http", "grpc") {
	case "http":
		route.HTTP = s.http(o.get("http"))
	case "grpc":
		route.GRPC = s.grpc(o.get("grpc"))
	}
	route.Allow = s.rules(o.get("allow"), allowShape)
	route.Deny = s.rules(o.get("deny"), denyShape)
	uniqueNames(s.reader, "rule of this route", route.Allow, route.Deny)
	return route
}

func (r *reader) http(n *tree.Node) *HTTP {
	o := r.object(n, httpShape)
	return &HTTP{
		Position: r.position(n),
		Methods:  r.methods(o.need("methods"), checkMethod),
		Path:     r.text(o.need("path"), checkTemplate),
		Hosts:    r.texts(o.get("hosts"), checkHost),
		Upgrade:  r.texts(o.get("upgrade"), checkUpgrade),
	}
}

func (r *reader) grpc(n *tree.Node) *GRPC {
	o := r.object(n, grpcShape)
	return &GRPC{
		Position: r.position(n),
		Service:  r.text(o.need("service"), checkService),
		Methods:  r.methods(o.need("methods"), checkCall),
		Hosts:    r.texts(o.get("hosts"), checkHost),
	}
}

// methods reads a list of methods, or "*" alone.
func (r *reader) methods(n *tree.Node, check check) []Text {
	methods := r.texts(n, check)
	for _, m := range methods {
		if m.Value == "*" && len(methods) > 1 {
			r.errors.Add(&Error{m.Position, `"*" is every method: it stands alone`})
		}
	}
	return methods
}

func checkTemplate(s string) error {
	_, err := template.Parse(s)
	return err
}

// checkUpgrade takes the one protocol that a request may be upgraded to.
func checkUpgrade(s string) error {
	if s != "websocket" {
		return fmt.Errorf("the upgrade %s is not supported: websocket alone is", quote(s))
	}
	return nil
}
