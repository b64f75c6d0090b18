package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/syntax"
)

// An author makes the tests of one workload.
type author struct {
	suite     *suite.Suite
	workload  string
	providers map[string]*identity.Provider
	policies  []*syntax.Document // those that protect the workload
	rules     map[policy.Position]*rule
	guards    []*rule
	areas     map[*rule]*syntax.Guardrail
	entries   []entry
	names     map[string]bool
}

// An entry is one test to write, or, without a wish, a comment.
type entry struct {
	name    string
	comment string // behind the test, or alone; one line
	wish    *wish
	outcome *suite.Result
	cases   []entry
}

func newAuthor(s *suite.Suite, documents []syntax.Document, workload string) *author {
	a := &author{
		suite: s, workload: workload, providers: map[string]*identity.Provider{},
		rules: map[policy.Position]*rule{}, areas: map[*rule]*syntax.Guardrail{}, names: map[string]bool{},
	}
	for i := range documents {
		d := &documents[i]
		switch {
		case d.IdentityProvider != nil:
			a.providers[d.Name] = d.IdentityProvider
		case protects(d, workload):
			a.policies = append(a.policies, d)
			a.learnPolicy(d.ServicePolicy)
		case d.MeshPolicy != nil:
			a.learnMesh(d.MeshPolicy)
		}
	}
	return a
}

func (a *author) learnPolicy(p *syntax.ServicePolicy) {
	add := func(rules []syntax.Rule, effect policy.Effect) {
		for i := range rules {
			r := newRule(&rules[i], effect, p.Groups)
			if r.label = r.name; r.label == "" {
				r.label = fmt.Sprintf("%s %d", effect, i+1)
			}
			a.rules[r.at] = r
		}
	}
	add(p.Deny, policy.Deny)
	for i := range p.Routes {
		add(p.Routes[i].Deny, policy.Deny)
		add(p.Routes[i].Allow, policy.Allow)
	}
}

func (a *author) learnMesh(p *syntax.MeshPolicy) {
	for i := range p.Guardrails {
		g := &p.Guardrails[i]
		if !matches(g.Workloads, a.workload) {
			continue
		}
		effect := policy.Deny
		if g.Require != nil {
			effect = policy.Require
		}
		r := newRule(suite.RuleOf(g), effect, nil)
		r.at, r.name, r.guard, r.label = g.Position, g.Name.Value, true, "the guardrail "+g.Name.Value
		a.rules[r.at] = r
		a.guards = append(a.guards, r)
		a.areas[r] = g
	}
}

// write makes every test.
func (a *author) write() {
	for _, d := range a.policies {
		for i := range d.ServicePolicy.Routes {
			a.route(&d.ServicePolicy.Routes[i])
		}
	}
	for _, d := range a.policies {
		for i := range d.ServicePolicy.Deny {
			a.everywhere(a.rules[d.ServicePolicy.Deny[i].Position])
		}
	}
	for _, g := range a.guards {
		a.everywhere(g)
	}
	a.noRoute()
	if !slices.ContainsFunc(a.entries, func(e entry) bool { return e.wish != nil }) {
		if found := a.clear(&wish{method: "GET", path: "/"}); found != nil {
			a.add(entry{name: "a request by nobody", wish: found.wish, outcome: found.result})
		}
	}
}

// route writes tests of the rules of one route.
func (a *author) route(from *syntax.Route) {
	for i := range from.Allow {
		r := a.rules[from.Allow[i].Position]
		a.rule(r, from.Name.Value, []*wish{wishFor(from)}, nil)
	}
	for i := range from.Deny {
		r := a.rules[from.Deny[i].Position]
		a.rule(r, from.Name.Value, []*wish{wishFor(from)}, a.allowOf(from))
	}
	if len(from.Allow)+len(from.Deny) == 0 {
		if found := a.clear(wishFor(from)); found != nil {
			a.add(entry{name: from.Name.Value + " allows nobody", wish: found.wish, outcome: found.result})
		}
	}
}

// allowOf returns the first allow of a route, nil when it has none.
func (a *author) allowOf(from *syntax.Route) *rule {
	if len(from.Allow) == 0 {
		return nil
	}
	return a.rules[from.Allow[0].Position]
}

// everywhere writes tests of a rule that holds on several routes: on the first where it can be
// shown.
func (a *author) everywhere(r *rule) {
	var wishes []*wish
	var allow *rule
	for _, d := range a.policies {
		for i := range d.ServicePolicy.Routes {
			route := &d.ServicePolicy.Routes[i]
			if with := a.allowOf(route); with != nil {
				if found := a.show(wishFor(route), []*rule{with, r}, r); found != nil {
					wishes, allow = []*wish{wishFor(route)}, with
					break
				}
			}
			wishes = append(wishes, wishFor(route))
		}
		if allow != nil {
			break
		}
	}
	if g := a.areas[r]; g != nil {
		wishes = append(wishes, wishIn(g))
	}
	a.rule(r, "", wishes, allow)
}

// rule writes a test in which a rule matches, and a table of those in which one conjunct fails. of
// is the route it is told of, wishes are where to try, and allow is another rule that shall match.
func (a *author) rule(r *rule, of string, wishes []*wish, allow *rule) {
	var found *answer
	for _, w := range wishes {
		for _, rules := range [][]*rule{{r, allow}, {r}} {
			if rules[len(rules)-1] == nil {
				continue
			}
			if found == nil {
				found = a.show(w, rules, r)
			}
		}
	}
	label := strings.TrimPrefix(of+" / "+r.label, " / ")
	if found == nil {
		a.add(entry{comment: fmt.Sprintf("%v, %s: no request was found that it matches: write one", r.at, label)})
		return
	}
	a.add(entry{name: label + " " + verb(r), wish: found.wish, outcome: found.result, comment: surprise(r, found.result)})
	table := entry{name: label + " with one thing missing", wish: found.wish, outcome: found.result}
	var unseen []string
	for name, bit := range found.evaluation(r).Rule.Named().Each {
		if bit == policy.OnCallers && r.anyone {
			continue
		}
		if other := a.showFailing(found.wish, r, bit); other != nil {
			table.cases = append(table.cases, entry{name: name, wish: other.wish, outcome: other.result, comment: stillAllowed(r, other.result)})
		} else {
			unseen = append(unseen, name)
		}
	}
	if len(table.cases) > 0 {
		a.add(table)
	}
	if len(unseen) > 0 {
		a.add(entry{comment: fmt.Sprintf("%v, %s: no request was found in which this alone fails, write one: %s", r.at, label, strings.Join(unseen, ", "))})
	}
}

func verb(r *rule) string {
	would := ""
	if r.Shadow != nil {
		would = "would "
	}
	switch {
	case r.effect == policy.Require && would == "":
		return "is met"
	case r.effect == policy.Require:
		return "would be met"
	case would == "" && r.effect == policy.Allow:
		return "allows"
	case would == "":
		return "denies"
	}
	return would + r.effect.String()
}

// surprise says that a rule matches and does not decide.
func surprise(r *rule, result *suite.Result) string {
	d := &result.Decision
	switch {
	case r.Shadow != nil:
		return "the rule is not enforced"
	case r.effect == policy.Allow && !d.Allow:
		return "the rule matches, and yet the request is denied"
	}
	return ""
}

// stillAllowed says that the conjunct made no difference.
func stillAllowed(r *rule, result *suite.Result) string {
	d := &result.Decision
	switch {
	case r.effect == policy.Deny || !d.Allow || r.Shadow != nil:
		return ""
	case d.Reason == reason.Onboarding:
		return "allowed all the same, while it is onboarded"
	}
	return "allowed all the same, by another rule"
}

// noRoute writes a test of what no route has.
func (a *author) noRoute() {
	found := a.clear(&wish{method: "GET", path: "/there/is/no/such/path"})
	if found != nil && found.result.Decision.Route == "" {
		a.add(entry{name: "what no route has", wish: found.wish, outcome: found.result})
	}
}

// add takes in an entry, and makes its name one of its own.
func (a *author) add(e entry) {
	name := e.name
	for n := 2; name != "" && a.names[e.name]; n++ {
		e.name = fmt.Sprintf("%s (%d)", name, n)
	}
	a.names[e.name] = true
	a.entries = append(a.entries, e)
}

// An answer is a wish that was asked and showed what it was to show.
type answer struct {
	wish   *wish
	result *suite.Result
}

// evaluation returns what came of a rule; it was held to it.
func (a *answer) evaluation(r *rule) policy.Evaluation {
	e, _ := evaluationOf(a.result, r)
	return e
}

func evaluationOf(result *suite.Result, r *rule) (policy.Evaluation, bool) {
	for _, e := range result.Decision.Rules {
		if e.Rule.Position() == r.at {
			return e, true
		}
	}
	return policy.Evaluation{}, false
}

// ask returns what comes of a wish, and false when no test can say it.
func (a *author) ask(w *wish) (*suite.Result, bool) {
	if !w.isWritable() {
		return nil, false
	}
	result, err := a.suite.Ask(a.workload, w.inCase())
	return &result, err == nil && result.Refused == nil
}

// showFailing returns a request that differs from w, which the rule matches, so that one conjunct
// alone fails; nil when none was found.
func (a *author) showFailing(w *wish, r *rule, bit policy.Conjuncts) *answer {
	for _, other := range a.spoil(w, r, bit) {
		result, ok := a.ask(other)
		if !ok {
			continue
		}
		if e, held := evaluationOf(result, r); held && coverage.FailedAlone(e, bit) {
			return &answer{other, result}
		}
	}
	return nil
}
