package syntax

import (
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/policy/syntax/tree"
)

// A MeshPolicy is the spec of the kind of that name: what no service's policy can loosen.
type MeshPolicy struct {
	Guardrails []Guardrail
	Onboarding []Onboarding
}

// A Guardrail is a deny or a requirement that holds for every request that it matches, whatever
// a ServicePolicy says. Exactly one of Deny and Require is set, and at most one of HTTP and GRPC:
// with neither it matches every request.
type Guardrail struct {
	Position  Position
	Name      Text
	Workloads []Text // patterns; at least one
	HTTP      *GuardHTTP
	GRPC      *GuardGRPC
	Except    []Except
	Deny      *Rule
	Require   *Rule
}

// GuardHTTP matches requests; what it does not name holds.
type GuardHTTP struct {
	Position Position
	Methods  []Text // exact
	Path     Text   // a template; zero: any path
	Hosts    []Text
}

// GuardGRPC matches what is sent to a gRPC service; what it does not name holds.
type GuardGRPC struct {
	Position Position
	Service  Text
	Methods  []Text // exact
	Hosts    []Text
}

// An Except takes requests out of a guardrail: those that match everything it names, which is
// one thing at least.
type Except struct {
	Position  Position
	Workloads []Text
	HTTP      *GuardHTTP
	GRPC      *GuardGRPC
}

// Onboarding lets requests to these workloads through that nothing allows, until a time.
type Onboarding struct {
	Position  Position
	Workloads []Text
	Until     time.Time
}

const besideRule = "belongs in the deny or the require of a guardrail"

var (
	meshPolicyShape = &shape{what: "the spec of a MeshPolicy", fields: []string{"guardrails", "onboarding"}}
	guardrailShape  = &shape{
		what: "a guardrail", fields: []string{"name", "workloads", "http", "grpc", "except", "deny", "require"},
		refused: map[string]string{
			"allow":   "is for a ServicePolicy: a guardrail denies or requires, and allows nothing",
			"callers": besideRule, "user": besideRule, "headers": besideRule, "source": besideRule, "when": besideRule, "shadow": besideRule,
		},
	}
	exceptShape     = &shape{what: "an except", fields: []string{"workloads", "http", "grpc"}}
	onboardingShape = &shape{what: "an onboarding", fields: []string{"workloads", "until"}}
	requireShape    = &shape{what: "a require", fields: guardRuleFields, refused: unnamed}
	guardDenyShape  = &shape{what: "the deny of a guardrail", fields: guardRuleFields, refused: unnamed}
	unnamed         = map[string]string{"name": "is that of the guardrail: leave it out here"}
	guardRuleFields = []string{"callers", "user", "headers", "source", "when", "shadow"}
	guardHTTPShape  = &shape{
		what: "the http of a guardrail", fields: []string{"methods", "path", "hosts"},
		refused: map[string]string{"upgrade": "is nothing that a guardrail asks for: it holds with and without one"},
	}
	guardGRPCShape = &shape{what: "the grpc of a guardrail", fields: []string{"service", "methods", "hosts"}}
)

func (r *reader) meshPolicy(n *tree.Node) *MeshPolicy {
	o := r.object(n, meshPolicyShape)
	if o.node == nil {
		return nil
	}
	p := &MeshPolicy{}
	items := r.items(o.get("guardrails"))
	seen := newSeen(len(items))
	for i := range items {
		g := scope{reader: r, mesh: true}.guardrail(&items[i])
		if line := seen.add(g.Name); line > 0 {
			r.errors.Add(&Error{g.Name.Position, fmt.Sprintf("a guardrail named %s stands in line %d already", quote(g.Name.Value), line)})
		}
		p.Guardrails = append(p.Guardrails, g)
	}
	items = r.items(o.get("onboarding"))
	for i := range items {
		p.Onboarding = append(p.Onboarding, r.onboarding(&items[i]))
	}
	return p
}

func (s scope) guardrail(n *tree.Node) Guardrail {
	o := s.object(n, guardrailShape)
	g := Guardrail{
		Position:  s.position(n),
		Name:      s.text(o.need("name"), checkLabel),
		Workloads: s.texts(o.need("workloads"), checkPattern),
	}
	g.HTTP, g.GRPC = s.guarded(o)
	excepts := s.items(o.get("except"))
	for i := range excepts {
		g.Except = append(g.Except, s.except(&excepts[i]))
	}
	switch o.one("deny", "require") {
	case "deny":
		rule := s.rule(o.get("deny"), guardDenyShape)
		g.Deny = &rule
	case "require":
		rule := s.rule(o.get("require"), requireShape)
		g.Require = &rule
	}
	return g
}

// guarded reads what a guardrail, or an except of one, matches.
func (r *reader) guarded(o object) (*GuardHTTP, *GuardGRPC) {
	switch o.chosen("at most", []string{"http", "grpc"}) {
	case "http":
		return r.guardHTTP(o.get("http")), nil
	case "grpc":
		return nil, r.guardGRPC(o.get("grpc"))
	}
	return nil, nil
}

func (r *reader) guardHTTP(n *tree.Node) *GuardHTTP {
	o := r.object(n, guardHTTPShape)
	if o.node != nil && len(o.node.Items) == 0 {
		r.fail(n, "this http names nothing: name methods, path or hosts, or leave it out")
	}
	return &GuardHTTP{
		Position: r.position(n),
		Methods:  r.guardMethods(o.get("methods"), checkMethod),
		Path:     r.text(o.get("path"), checkTemplate),
		Hosts:    r.texts(o.get("hosts"), checkHost),
	}
}

func (r *reader) guardGRPC(n *tree.Node) *GuardGRPC {
	o := r.object(n, guardGRPCShape)
	return &GuardGRPC{
		Position: r.position(n),
		Service:  r.text(o.need("service"), checkService),
		Methods:  r.guardMethods(o.get("methods"), checkCall),
		Hosts:    r.texts(o.get("hosts"), checkHost),
	}
}

// guardMethods is methods where none means any, as "*" does.
func (r *reader) guardMethods(n *tree.Node, check check) []Text {
	methods := r.methods(n, check)
	if slices.ContainsFunc(methods, func(m Text) bool { return m.Value == "*" }) {
		return nil
	}
	return methods
}

func (r *reader) except(n *tree.Node) Except {
	o := r.object(n, exceptShape)
	e := Except{Position: r.position(n), Workloads: r.texts(o.get("workloads"), checkPattern)}
	e.HTTP, e.GRPC = r.guarded(o)
	if o.node != nil && len(o.node.Items) == 0 {
		r.fail(n, "an except that names nothing would take out everything: name workloads, http or grpc")
	}
	return e
}

func (r *reader) onboarding(n *tree.Node) Onboarding {
	o := r.object(n, onboardingShape)
	return Onboarding{
		Position:  r.position(n),
		Workloads: r.texts(o.need("workloads"), checkPattern),
		Until:     r.timestamp(o.need("until")),
	}
}
