package draft

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// exampleMethod stands for a gRPC method where any will do.
const exampleMethod = "Example"

// wishFor returns a request to a route, by nobody.
func wishFor(r *syntax.Route) *wish {
	if r.GRPC != nil {
		return call(r.GRPC.Service.Value, r.GRPC.Methods, r.GRPC.Hosts)
	}
	w := &wish{method: oneOf(r.HTTP.Methods, "GET"), host: oneOf(r.HTTP.Hosts, ""), upgrade: oneOf(r.HTTP.Upgrade, "")}
	w.path, w.params = pathOf(r.HTTP.Path.Value)
	return w
}

// wishIn returns a request that a guardrail holds for, to no route that is known.
func wishIn(g *syntax.Guardrail) *wish {
	switch {
	case g.GRPC != nil:
		return call(g.GRPC.Service.Value, g.GRPC.Methods, g.GRPC.Hosts)
	case g.HTTP == nil:
		return &wish{method: "GET", path: "/"}
	}
	w := &wish{method: oneOf(g.HTTP.Methods, "GET"), host: oneOf(g.HTTP.Hosts, ""), path: "/"}
	if g.HTTP.Path.Value != "" {
		w.path, w.params = pathOf(g.HTTP.Path.Value)
	}
	return w
}

func call(service string, methods, hosts []syntax.Text) *wish {
	return &wish{call: service + "/" + oneOf(methods, exampleMethod), host: oneOf(hosts, "")}
}

// oneOf returns the first of some texts; fallback when there is none, or when it is any.
func oneOf(all []syntax.Text, fallback string) string {
	if len(all) == 0 || all[0].Value == "*" {
		return fallback
	}
	return all[0].Value
}

// pathOf returns a path that a template matches, and what it has for the variables.
func pathOf(text string) (path string, params map[string]string) {
	t, err := template.Parse(text)
	if err != nil {
		return "/", nil // no document that was parsed has one
	}
	params = map[string]string{}
	var b strings.Builder
	for _, s := range t.Segments() {
		b.WriteByte('/')
		switch {
		case s.Variable == "":
			b.WriteString(url.PathEscape(s.Literal))
		case s.Rest:
			b.WriteString("rest/of/it")
		default:
			params[s.Variable] = strconv.Itoa(7 + len(params))
			b.WriteString(params[s.Variable])
		}
	}
	return b.String(), params
}
