package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/template"
)

// A world is every document there is, in the form in which checks compare.
type world struct {
	now         time.Time
	partial     bool // some documents could not be read
	policies    []*servicePolicy
	realms      []*realm
	guards      []*guardrail
	onboarding  []*syntax.Onboarding
	revocations []*identity.Revocation
	providers   map[string]*provider
	known       map[string]*id
	compiler    *condition.Compiler
	steps       int // how often something was compared
	maxSteps    int
	unfinished  bool
	findings    []*Finding
}

// A provider is an IdentityProvider.
type provider struct {
	at   syntax.Position
	from *identity.Provider
	used bool // a rule or a Revocation names it
}

// A servicePolicy is a ServicePolicy.
type servicePolicy struct {
	at     syntax.Position
	from   *syntax.ServicePolicy
	realm  *realm
	groups map[string]*idSet
	deny   []*rule
	routes []*route
}

// A route is a route of one policy.
type route struct {
	policy      *servicePolicy
	from        *syntax.Route
	key         string // what it matches, in one spelling
	area        area
	allow, deny []*rule
	guards      []*guardrail // enforced ones that hold for all of its requests
}

// A guardrail is one of a MeshPolicy.
type guardrail struct {
	from      *syntax.Guardrail
	workloads *idSet
	area      area
	except    []except
	rule      *rule
}

// An except is what is taken out of a guardrail.
type except struct {
	workloads *idSet // nil: any
	area      area
}

func newWorld(documents []syntax.Document, now time.Time, partial bool, most int) *world {
	w := &world{
		now: now, partial: partial, maxSteps: most, providers: map[string]*provider{},
		known: map[string]*id{}, compiler: condition.NewCompiler(),
	}
	for i := range documents {
		if d := &documents[i]; d.IdentityProvider != nil {
			w.providers[d.Name] = &provider{at: d.Position, from: d.IdentityProvider}
		}
	}
	for i := range documents {
		d := &documents[i]
		switch {
		case d.ServicePolicy != nil:
			w.addPolicy(d.Position, d.ServicePolicy)
		case d.MeshPolicy != nil:
			w.addMesh(d.MeshPolicy)
		case d.Revocation != nil:
			w.revocations = append(w.revocations, d.Revocation)
		}
	}
	w.relate()
	return w
}

func (w *world) addPolicy(at syntax.Position, from *syntax.ServicePolicy) {
	p := &servicePolicy{at: at, from: from, groups: map[string]*idSet{}}
	for _, g := range from.Groups {
		p.groups[g.Name.Value] = newIDSet(w.ids(g.Callers))
	}
	b := builder{world: w, policy: p}
	p.deny = b.rules(from.Deny, deny)
	for i := range from.Routes {
		r := &route{policy: p, from: &from.Routes[i]}
		r.area = routeArea(r.from)
		r.key = keyOf(&r.area, r.from)
		b.route, b.path = r, ""
		if r.from.HTTP != nil {
			b.path = r.from.HTTP.Path.Value
		}
		b.params = paramsOf(b.path)
		r.allow, r.deny = b.rules(r.from.Allow, allow), b.rules(r.from.Deny, deny)
		p.routes = append(p.routes, r)
	}
	w.policies = append(w.policies, p)
}

func (w *world) addMesh(from *syntax.MeshPolicy) {
	for i := range from.Guardrails {
		g := &guardrail{from: &from.Guardrails[i], workloads: newIDSet(w.ids(from.Guardrails[i].Workloads))}
		g.area = guardArea(g.from.HTTP, g.from.GRPC)
		for _, e := range g.from.Except {
			out := except{area: guardArea(e.HTTP, e.GRPC)}
			out.area.call = e.GRPC != nil
			if len(e.Workloads) > 0 {
				out.workloads = newIDSet(w.ids(e.Workloads))
			}
			g.except = append(g.except, out)
		}
		b := builder{world: w, guard: g}
		if g.from.HTTP != nil {
			b.path = g.from.HTTP.Path.Value
			b.params = paramsOf(b.path)
		}
		switch {
		case g.from.Deny != nil:
			g.rule = b.rule(g.from.Deny, deny)
		case g.from.Require != nil:
			g.rule = b.rule(g.from.Require, require)
		default:
			continue
		}
		g.rule.at, g.rule.name = g.from.Position, g.from.Name.Value
		w.guards = append(w.guards, g)
	}
	for i := range from.Onboarding {
		w.onboarding = append(w.onboarding, &from.Onboarding[i])
	}
}

// routeArea returns where the requests of a route go.
func routeArea(r *syntax.Route) area {
	if r.HTTP != nil {
		a := area{hosts: values(r.HTTP.Hosts)}
		if p, err := template.Parse(r.HTTP.Path.Value); err == nil {
			a.paths = []template.Template{p}
		}
		if m := values(r.HTTP.Methods); !slices.Contains(m, "*") {
			a.methods = m
		}
		return a
	}
	a := area{hosts: values(r.GRPC.Hosts), methods: []string{"POST"}, call: true}
	for _, m := range values(r.GRPC.Methods) {
		if m == "*" {
			m = "{method}"
		}
		if p, err := template.Parse("/" + r.GRPC.Service.Value + "/" + m); err == nil {
			a.paths = append(a.paths, p)
		}
	}
	return a
}

// guardArea returns where the requests of a guardrail, or of an except of one, go.
func guardArea(http *syntax.GuardHTTP, grpc *syntax.GuardGRPC) area {
	switch {
	case http != nil:
		a := area{methods: values(http.Methods), hosts: values(http.Hosts)}
		if p, err := template.Parse(http.Path.Value); err == nil {
			a.paths = []template.Template{p}
		}
		return a
	case grpc != nil:
		return area{service: grpc.Service.Value, calls: values(grpc.Methods), hosts: values(grpc.Hosts)}
	}
	return area{}
}

// keyOf writes what a route matches in one spelling: routes of one key become one.
func keyOf(a *area, r *syntax.Route) string {
	parts := []string{"http"}
	if r.GRPC != nil {
		parts[0] = "grpc"
	}
	for _, p := range a.paths {
		parts = append(parts, p.Shape())
	}
	slices.Sort(parts[1:])
	add := func(what string, names []string) {
		names = slices.Clone(names)
		slices.Sort(names)
		parts = append(parts, what+strings.Join(names, " "))
	}
	add("methods ", a.methods)
	add("hosts ", a.hosts)
	if r.HTTP != nil {
		add("upgrade ", values(r.HTTP.Upgrade))
	}
	return strings.Join(parts, "\n")
}

func values(texts []syntax.Text) []string {
	var all []string
	for _, t := range texts {
		all = append(all, t.Value)
	}
	return all
}

// paramsOf returns the variables of a path.
func paramsOf(text string) []condition.Param {
	t, _ := template.Parse(text)
	return condition.ParamsOf(t)
}
