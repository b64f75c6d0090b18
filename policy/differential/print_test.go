package differential_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A printed world is the text of one file, and which line says what.
type printed struct {
	text strings.Builder
	line int
	said []int // the ID of the rule or entry on a line, from line 1; 0 for none
}

// print writes the documents of a world as one file. What has an ID has a line of its own.
func (w *world) print() *printed {
	p := &printed{said: []int{0}}
	for _, s := range w.Services {
		p.service(s)
	}
	for _, m := range w.Meshes {
		p.mesh(m)
	}
	if w.Revoked {
		p.head("Revocation", "cut")
		p.put(0, "  entries: [{callers: [%q], until: 2090-01-01T00:00:00Z}]", callerWeb)
	}
	for i, name := range providerNames {
		p.head("IdentityProvider", name)
		p.put(0, "  jwt: {issuer: https://%s.test/, audiences: [shop-api], algorithms: [RS256], jwks: {discovery: true}}", name)
		if i > 0 {
			p.put(0, "  from: {cookie: %s}", name)
		}
	}
	return p
}

// put writes one line. A rule with the given ID stands on it, if that is not 0.
func (p *printed) put(id int, format string, args ...any) {
	fmt.Fprintf(&p.text, format+"\n", args...)
	p.said = append(p.said, id)
	p.line++
}

// id returns what stands on a line.
func (p *printed) id(line int) int {
	if line < 0 || line >= len(p.said) {
		return -1
	}
	return p.said[line]
}

func (p *printed) head(kind, metadata string) {
	if p.line > 0 {
		p.put(0, "---")
	}
	p.put(0, "apiVersion: postern.dev/v1alpha1")
	p.put(0, "kind: %s", kind)
	p.put(0, "metadata: {name: %s}", metadata)
	p.put(0, "spec:")
}

func (p *printed) service(s *service) {
	p.head("ServicePolicy", s.Name+", namespace: "+s.Namespace)
	p.put(0, "  workloads: %s", list(s.Workloads))
	if len(s.Groups) > 0 {
		p.put(0, "  groups:")
		for _, g := range s.Groups {
			p.put(0, "    %s: %s", g.Name, list(g.Callers))
		}
	}
	p.rules("  deny:", s.Deny)
	if len(s.Routes) > 0 {
		p.put(0, "  routes:")
	}
	for _, r := range s.Routes {
		p.put(0, "  - name: %s", r.Name)
		if r.HTTP != nil {
			p.put(0, "    http: %s", r.HTTP)
		}
		if r.GRPC != nil {
			p.put(0, "    grpc: %s", r.GRPC)
		}
		p.rules("    allow:", r.Allow)
		p.rules("    deny:", r.Deny)
	}
}

func (p *printed) rules(field string, rules []*rule) {
	if len(rules) == 0 {
		return
	}
	p.put(0, "%s", field)
	indent := strings.Repeat(" ", len(field)-len(strings.TrimLeft(field, " ")))
	for _, r := range rules {
		p.put(r.ID, "%s- %s", indent, r)
	}
}

func (p *printed) mesh(m *mesh) {
	p.head("MeshPolicy", m.Name)
	if len(m.Guardrails) > 0 {
		p.put(0, "  guardrails:")
	}
	for _, g := range m.Guardrails {
		p.put(g.rule().ID, "  - %s", g)
	}
	if len(m.Onboarding) > 0 {
		p.put(0, "  onboarding:")
	}
	for _, o := range m.Onboarding {
		p.put(o.ID, "  - {workloads: %s, until: %s}", list(o.Workloads), o.Until.Format(time.RFC3339))
	}
}

func (g *guardrail) String() string {
	f := fields{}
	f.add("name", g.Name)
	f.add("workloads", list(g.Workloads))
	f.target(g.HTTP, g.GRPC)
	var excepts []string
	for _, e := range g.Except {
		x := fields{}
		if len(e.Workloads) > 0 {
			x.add("workloads", list(e.Workloads))
		}
		x.target(e.HTTP, e.GRPC)
		excepts = append(excepts, x.String())
	}
	if len(excepts) > 0 {
		f.add("except", "["+strings.Join(excepts, ", ")+"]")
	}
	if g.Deny != nil {
		f.add("deny", g.Deny.String())
	} else {
		f.add("require", g.Require.String())
	}
	return f.String()
}

func (h *httpMatch) String() string {
	f := fields{}
	if len(h.Methods) > 0 {
		f.add("methods", list(h.Methods))
	}
	if len(h.Path) > 0 {
		f.add("path", strconv.Quote(h.Path.String()))
	}
	if len(h.Hosts) > 0 {
		f.add("hosts", list(h.Hosts))
	}
	if h.Upgrade {
		f.add("upgrade", "[websocket]")
	}
	return f.String()
}

func (g *grpcMatch) String() string {
	f := fields{}
	f.add("service", g.Service)
	if len(g.Methods) > 0 {
		f.add("methods", list(g.Methods))
	}
	if len(g.Hosts) > 0 {
		f.add("hosts", list(g.Hosts))
	}
	return f.String()
}

func (r *rule) String() string {
	f := fields{}
	if r.Name != "" {
		f.add("name", r.Name)
	}
	if len(r.Callers) > 0 {
		f.add("callers", list(r.Callers))
	}
	if r.User != nil {
		f.add("user", r.User.String())
	}
	var headers fields
	for _, h := range r.Headers {
		if h.Value != nil {
			headers.add(h.Name, h.Value.String())
		} else {
			headers.add(h.Name, fmt.Sprintf("{present: %v}", h.Present))
		}
	}
	if len(r.Headers) > 0 {
		f.add("headers", headers.String())
	}
	if len(r.Source) > 0 {
		f.add("source", list(r.Source))
	}
	if r.When != nil {
		f.add("when", strconv.Quote(r.When.String()))
	}
	switch {
	case r.Shadow && r.Until:
		f.add("shadow", "{until: 2027-01-31T00:00:00Z}")
	case r.Shadow:
		f.add("shadow", "true")
	}
	return f.String()
}

func (u *userWish) String() string {
	f := fields{}
	f.add("provider", list(u.Providers))
	for _, wish := range u.wishes() {
		if wish.value != nil {
			f.add(wish.field, wish.value.String())
		}
	}
	if u.MaxAge > 0 {
		f.add("maxAge", strconv.Itoa(int(u.MaxAge.Minutes()))+"m")
	}
	if u.Bound {
		f.add("bound", "mtls")
	}
	return f.String()
}

type namedWish struct {
	field string
	value *valueWish
}

// wishes are those of the user's fields that are compared with values.
func (u *userWish) wishes() []namedWish {
	return []namedWish{
		{"subjects", u.Subjects}, {"clients", u.Clients}, {"audiences", u.Audiences}, {"scopes", u.Scopes},
		{"roles", u.Roles}, {"acr", u.ACR}, {"amr", u.AMR},
	}
}

func (v *valueWish) String() string {
	switch {
	case v.All:
		return "{all: " + list(v.Values) + "}"
	case len(v.Values) > 1:
		return "{any: " + list(v.Values) + "}"
	}
	return strconv.Quote(v.Values[0])
}

// fields are the members of a mapping in flow style.
type fields []string

func (f *fields) add(name, value string) { *f = append(*f, name+": "+value) }

func (f *fields) target(h *httpMatch, g *grpcMatch) {
	if h != nil {
		f.add("http", h.String())
	}
	if g != nil {
		f.add("grpc", g.String())
	}
}

func (f fields) String() string { return "{" + strings.Join(f, ", ") + "}" }

func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
