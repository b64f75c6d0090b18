package syntax

import (
	"slices"

	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

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

const besideRule = "belongs in the deny or the require of a guardrail"

// guardedBy is what a guardrail, and an except of one, may name of requests.
var guardedBy = grammar.Choice{Fields: []string{"http", "grpc"}}

var denyOrRequire = grammar.Choice{Fields: []string{"deny", "require"}, Need: grammar.Required}

var guardrailShape = shapeOf(grammar.Object{
	What: "a guardrail",
	Says: "A deny or a requirement that no ServicePolicy can loosen. With neither `http` nor `grpc` it holds for every request to its workloads.",
	Fields: []grammar.Field{
		{Name: "name", Need: grammar.Required, Value: scalar(labelText), Says: "What records call it; unique in its document."},
		{Name: "workloads", Need: grammar.Required, Value: listOf(patternText), Says: "Patterns of the SPIFFE IDs of the workloads for which it holds."},
		{Name: "http", Value: mapping(guardHTTPShape), Says: "Holds for whatever is sent to such a path: gRPC calls and upgrades, too."},
		{Name: "grpc", Value: mapping(guardGRPCShape), Says: "Holds for whatever is sent to the path of such a method, as gRPC or not."},
		{Name: "except", Value: listOfObjects(exceptShape), Says: "What is taken out: requests that match everything that one of these names."},
		{Name: "deny", Value: mapping(guardDenyShape), Says: "Denies the requests that match it, and those of which that cannot be told."},
		{Name: "require", Value: mapping(requireShape), Says: "Must match, whatever allows the request."},
	},
	Choices: []grammar.Choice{guardedBy, denyOrRequire},
}).refuses(map[string]string{
	"allow":   "is for a ServicePolicy: a guardrail denies or requires, and allows nothing",
	"callers": besideRule, "user": besideRule, "headers": besideRule, "source": besideRule, "when": besideRule, "shadow": besideRule,
})

var guardHTTPShape = shapeOf(grammar.Object{
	What: "the http of a guardrail",
	Says: "Matches requests by what it names; what it does not name is any.",
	Fields: []grammar.Field{
		{Name: "methods", Value: listOf(methodText), Says: "Compared exactly. Left out, or `\"*\"` alone: any."},
		{Name: "path", Value: scalar(templateText), Says: "A template: `/admin/{rest...}` is everything below `/admin/`. Left out: any."},
		{Name: "hosts", Value: listOf(hostText), Says: "Names in lower case, without a port. Left out: any."},
	},
	Some: []string{"methods", "path", "hosts"},
}).refuses(map[string]string{"upgrade": "is nothing that a guardrail asks for: it holds with and without one"})

var guardGRPCShape = shapeOf(grammar.Object{
	What: "the grpc of a guardrail",
	Says: "Matches requests by the path of a gRPC service and, when they are named, its methods.",
	Fields: []grammar.Field{
		{Name: "service", Need: grammar.Required, Value: scalar(serviceText), Says: "The full name: `shop.v1.Payments`."},
		{Name: "methods", Value: listOf(callText), Says: "Names, as in `Charge`. Left out, or `\"*\"` alone: any."},
		{Name: "hosts", Value: listOf(hostText), Says: "Names in lower case, without a port. Left out: any."},
	},
})

var exceptShape = shapeOf(grammar.Object{
	What: "an except",
	Says: "Takes requests out of a guardrail: those that match everything it names.",
	Fields: []grammar.Field{
		{Name: "workloads", Value: listOf(patternText), Says: "Patterns of the SPIFFE IDs of workloads."},
		{Name: "http", Value: mapping(guardHTTPShape), Says: "Takes out whatever is sent to such a path."},
		{Name: "grpc", Value: mapping(guardGRPCShape), Says: "Takes out what is a gRPC call to such a method, and nothing else on its path."},
	},
	Choices: []grammar.Choice{guardedBy},
	Some:    []string{"workloads", "http", "grpc"},
})

const guardCallers = "Whose requests: SPIFFE ID patterns, or `anyone` alone, which is every request with a proven caller or without. Any of them is enough."

var (
	guardRuleFields = append([]grammar.Field{ruleCallers(grammar.Optional, guardCallers)}, ruleFields...)
	unnamed         = map[string]string{"name": "is that of the guardrail: leave it out here", "bound": boundInUser}
)

var guardDenyShape = shapeOf(grammar.Object{
	What: "the deny of a guardrail", Says: "A conjunction that denies where everything that it names holds, or cannot be told.",
	Fields: guardRuleFields, Some: conjuncts,
}).refuses(unnamed)

var requireShape = shapeOf(grammar.Object{
	What: "a require", Says: "A conjunction that must hold for a request to be allowed.",
	Fields: guardRuleFields, Some: conjuncts,
}).refuses(unnamed)

func (s scope) guardrail(n *tree.Node) Guardrail {
	o := s.object(n, guardrailShape)
	g := Guardrail{
		Position:  s.position(n),
		Name:      s.text(o.get("name"), checkLabel),
		Workloads: s.texts(o.get("workloads"), checkPattern),
	}
	g.HTTP, g.GRPC = s.guarded(o)
	excepts := s.items(o.get("except"))
	for i := range excepts {
		g.Except = append(g.Except, s.except(&excepts[i]))
	}
	switch o.choose(denyOrRequire) {
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
	switch o.choose(guardedBy) {
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
		Service:  r.text(o.get("service"), checkService),
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
