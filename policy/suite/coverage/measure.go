package coverage

import (
	"slices"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// A Report is what tests have seen of some documents.
type Report struct {
	Policies []Policy // in the order of their documents
	Seen     int      // outcomes that some test has seen
	All      int
}

// Percent returns how many outcomes of a hundred were seen; 100 when there is nothing to see.
func (r *Report) Percent() float64 {
	if r.All == 0 {
		return 100
	}
	return 100 * float64(r.Seen) / float64(r.All)
}

// A Policy is one ServicePolicy or MeshPolicy.
type Policy struct {
	Position policy.Position
	Kind     string
	Name     string  // namespace/name
	Rules    []*Rule // that hold on every route, or guardrails
	Routes   []*Route
}

// A Route is one route, and how many tests went there.
type Route struct {
	Position policy.Position
	Name     string
	Tests    int
	Rules    []*Rule
}

// A Rule is how often tests saw what of one rule.
type Rule struct {
	Position  policy.Position
	Name      string
	Effect    policy.Effect
	Guardrail bool
	Shadow    bool
	Tests     int // that were held to it
	Matched   int
	Conjuncts []Conjunct
}

// A Conjunct is one part of a rule.
type Conjunct struct {
	Name   string
	Places []policy.Position // where it stands; at least one
	Fixed  bool              // it cannot fail
	Held   int
	Failed int // with or without others
	Alone  int // of those, how often nothing else failed
	Erred  int

	bit policy.Conjuncts
}

// outcomes returns how many outcomes of the rule there are, and how many were seen.
func (r *Rule) outcomes() (seen, all int) {
	all, seen = 1, min(r.Matched, 1)
	for _, c := range r.Conjuncts {
		if !c.Fixed {
			all++
			seen += min(c.Alone, 1)
		}
	}
	return seen, all
}

// Measure counts what the results saw of the documents that they are of.
func Measure(documents []syntax.Document, results []suite.Result) *Report {
	m := meter{rules: map[policy.Position]*Rule{}, routes: map[string]*Route{}, around: map[policy.Position]*Route{}}
	report := &Report{}
	for i := range documents {
		switch d := &documents[i]; {
		case d.ServicePolicy != nil:
			report.Policies = append(report.Policies, m.service(d))
		case d.MeshPolicy != nil:
			report.Policies = append(report.Policies, m.mesh(d))
		}
	}
	for i := range results {
		m.count(&results[i].Decision)
	}
	for _, rule := range m.rules {
		seen, all := rule.outcomes()
		report.Seen += seen
		report.All += all
	}
	return report
}

// A meter finds the rules and routes of a report.
type meter struct {
	rules  map[policy.Position]*Rule
	routes map[string]*Route          // by policy and name
	around map[policy.Position]*Route // by the place of each of its rules
}

func routeKey(policy, route string) string { return policy + " " + route }

func (m *meter) service(d *syntax.Document) Policy {
	p := Policy{Position: d.Position, Kind: d.Kind, Name: d.Name}
	if d.Namespace != "" {
		p.Name = d.Namespace + "/" + d.Name
	}
	p.Rules = m.add(nil, d.ServicePolicy.Deny, policy.Deny)
	for i := range d.ServicePolicy.Routes {
		r := &d.ServicePolicy.Routes[i]
		route := &Route{Position: r.Position, Name: r.Name.Value}
		route.Rules = m.add(m.add(nil, r.Deny, policy.Deny), r.Allow, policy.Allow)
		slices.SortFunc(route.Rules, func(a, b *Rule) int { return a.Position.Compare(b.Position) })
		for _, rule := range route.Rules {
			m.around[rule.Position] = route
		}
		m.routes[routeKey(p.Name, route.Name)] = route
		p.Routes = append(p.Routes, route)
	}
	return p
}

func (m *meter) mesh(d *syntax.Document) Policy {
	p := Policy{Position: d.Position, Kind: d.Kind, Name: d.Name}
	for i := range d.MeshPolicy.Guardrails {
		g := &d.MeshPolicy.Guardrails[i]
		rule := &Rule{Position: g.Position, Name: g.Name.Value, Effect: policy.Deny, Guardrail: true}
		if g.Require != nil {
			rule.Effect = policy.Require
		}
		m.fill(rule, suite.RuleOf(g))
		p.Rules = append(p.Rules, rule)
	}
	return p
}

func (m *meter) add(to []*Rule, rules []syntax.Rule, effect policy.Effect) []*Rule {
	for i := range rules {
		rule := &Rule{Position: rules[i].Position, Name: rules[i].Name.Value, Effect: effect}
		m.fill(rule, &rules[i])
		to = append(to, rule)
	}
	return to
}

func (m *meter) fill(rule *Rule, from *syntax.Rule) {
	rule.Shadow, rule.Conjuncts = from.Shadow != nil, conjunctsOf(from)
	m.rules[rule.Position] = rule
}

// count takes in one decision. A request goes to the route that it names, and to those of other
// policies that match the same requests.
func (m *meter) count(d *policy.Decision) {
	reached := map[*Route]bool{}
	if route := m.routes[routeKey(d.Policy, d.Route)]; route != nil {
		reached[route] = true
	}
	for _, e := range d.Rules {
		at := e.Rule.Position()
		if rule := m.rules[at]; rule != nil {
			rule.count(e)
		}
		if route := m.around[at]; route != nil {
			reached[route] = true
		}
	}
	for route := range reached {
		route.Tests++
	}
}

func (r *Rule) count(e policy.Evaluation) {
	r.Tests++
	if e.Matched() {
		r.Matched++
	}
	for i := range r.Conjuncts {
		c := &r.Conjuncts[i]
		switch {
		case e.Held&c.bit != 0:
			c.Held++
		case e.Erred&c.bit != 0:
			c.Erred++
		case e.Skipped&c.bit == 0:
			c.Failed++
			if FailedAlone(e, c.bit) {
				c.Alone++
			}
		}
	}
}

// FailedAlone says that a conjunct, given as one of the constants, failed and no other stood
// between. With the provider the whole user is missing, and what a condition says of it.
func FailedAlone(e policy.Evaluation, bit policy.Conjuncts) bool {
	missing := e.Rule.Named() &^ e.Held &^ e.Skipped
	others := missing &^ bit
	if bit == policy.OnProvider {
		others &^= policy.OnUser | e.Erred&policy.OnWhen
	}
	return missing&bit != 0 && e.Erred&bit == 0 && others == 0
}
