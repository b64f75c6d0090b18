package syntax

import (
	"fmt"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
	"github.com/postern/postern/policy/template"
)

const websocket = "websocket"

var httpOrGRPC = grammar.Choice{Fields: []string{"http", "grpc"}, Need: grammar.Required}

var routeShape = shapeOf(grammar.Object{
	What: "a route",
	Says: "One place a request can go, and the rules for it. The narrowest path that matches is chosen, and nothing falls back to a wider one.",
	Fields: []grammar.Field{
		{Name: "name", Need: grammar.Required, Value: scalar(labelText), Says: "What records call it; unique in its document."},
		{Name: "http", Value: mapping(httpShape), Says: "Matches requests by method, path and host."},
		{Name: "grpc", Value: mapping(grpcShape), Says: "Matches gRPC calls by service and method."},
		{Name: "allow", Value: listOfObjects(allowShape), Says: "Rules of which one that matches is enough, where no deny matches."},
		{Name: "deny", Value: listOfObjects(denyShape), Says: "Rules of which one that matches is enough to deny, whatever allows."},
	},
	Choices: []grammar.Choice{httpOrGRPC},
}).refuses(map[string]string{"upstream": "is that of all routes: write it in spec, beside routes"})

var httpShape = shapeOf(grammar.Object{
	What: "http",
	Says: "Matches requests by method, path and, when it is named, host.",
	Fields: []grammar.Field{
		{Name: "methods", Need: grammar.Required, Value: listOf(methodText), Says: "Compared exactly: `GET` does not grant `HEAD`. `\"*\"` alone is every method."},
		{Name: "path", Need: grammar.Required, Value: scalar(templateText), Says: "A template: `/orders/{id}` has one segment for `{id}`, `/files/{rest...}` all that follow."},
		{Name: "hosts", Value: listOf(hostText), Says: "Names in lower case, without a port. Left out: any."},
		{Name: "upgrade", Value: listOf(upgradeText), Says: "Makes the route one for requests that ask for this upgrade, and for no other."},
	},
})

var grpcShape = shapeOf(grammar.Object{
	What: "grpc",
	Says: "Matches gRPC calls: `POST`, HTTP/2 and a content-type of gRPC. No http route matches the paths of a service that is named in one.",
	Fields: []grammar.Field{
		{Name: "service", Need: grammar.Required, Value: scalar(serviceText), Says: "The full name: `shop.v1.Payments`."},
		{Name: "methods", Need: grammar.Required, Value: listOf(callText), Says: "Names, as in `Charge`. `\"*\"` alone is every method."},
		{Name: "hosts", Value: listOf(hostText), Says: "Names in lower case, without a port. Left out: any."},
	},
})

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
		Name:     s.text(o.get("name"), checkLabel),
	}
	switch o.choose(httpOrGRPC) {
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
		Methods:  r.methods(o.get("methods"), checkMethod),
		Path:     r.text(o.get("path"), checkTemplate),
		Hosts:    r.texts(o.get("hosts"), checkHost),
		Upgrade:  r.texts(o.get("upgrade"), checkUpgrade),
	}
}

func (r *reader) grpc(n *tree.Node) *GRPC {
	o := r.object(n, grpcShape)
	return &GRPC{
		Position: r.position(n),
		Service:  r.text(o.get("service"), checkService),
		Methods:  r.methods(o.get("methods"), checkCall),
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
	if s != websocket {
		return fmt.Errorf("the upgrade %s is not supported: websocket alone is", quote(s))
	}
	return nil
}
