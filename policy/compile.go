package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
)

// Options say for whom and when documents are compiled.
type Options struct {
	Workload string    // the SPIFFE ID that is protected
	Now      time.Time // from which onboarding is bounded
}

// Compile builds the set of one workload out of every document there is. Those that do not
// protect the workload are checked as far as one document can be. The faults are reported
// together, as *syntax.Errors; with any there is no set.
func Compile(documents []syntax.Document, o Options) (*Set, error) {
	return new(Compiler).Compile(documents, o)
}

// A Catalog is documents whose rules are compiled, from which the sets of many workloads are
// made. It is immutable.
type Catalog struct {
	policies   []*compiledPolicy
	guards     []guardrail
	onboarding []onboarding
	providers  []identity.Provider
	faults     syntax.Errors
}

// A compiledPolicy is one ServicePolicy. It is never modified.
type compiledPolicy struct {
	name      string // namespace/name
	workloads []pattern.Pattern
	upstream  Upstream
	deny      []*Rule
	routes    []*route
}

// Prepare compiles what does not depend on whom it protects. The faults are those of Compile but
// for conflicts between routes.
func Prepare(documents []syntax.Document, now time.Time) (*Catalog, error) {
	c := prepare(documents, now, compiledBefore{})
	if err := c.catalog.faults.Err(); err != nil {
		return nil, err
	}
	return c.catalog, nil
}

// Set returns the set of one workload, or, as *syntax.Errors, which routes conflict.
func (c *Catalog) Set(workload string) (*Set, error) { return c.assemble(workload) }

func prepare(documents []syntax.Document, now time.Time, before compiledBefore) *compiler {
	c := &compiler{catalog: &Catalog{}, known: map[string]identity.Terms{}, now: now, conditions: condition.NewCompiler(), sharing: newSharing(), parsed: map[textAt]*compiledPolicy{}}
	documents = slices.Clone(documents)
	slices.SortStableFunc(documents, func(a, b syntax.Document) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			a.Position.Compare(b.Position))
	})
	c.names(documents)
	c.before = before.with(c.known)
	for i := range documents {
		d := &documents[i]
		switch {
		case d.ServicePolicy != nil || d.Reread != nil:
			c.servicePolicy(d)
		case d.MeshPolicy != nil:
			c.mesh(d.MeshPolicy)
		}
		*d = syntax.Document{} // what was read takes more memory than what comes of it
	}
	return c
}

// A compiler fills one catalog.
type compiler struct {
	catalog    *Catalog
	known      map[string]identity.Terms // of IdentityProviders by name
	now        time.Time
	conditions *condition.Compiler
	sharing    *sharing
	origin     *origin // of the last place
	before     compiledBefore
	parsed     map[textAt]*compiledPolicy // compiled from documents that were parsed
}

func (c *compiler) fault(at Position, format string, args ...any) {
	c.catalog.faults.Add(&syntax.Error{Position: at, Message: fmt.Sprintf(format, args...)})
}

// unparsed refuses what parsing refuses in better words: a document need not have been parsed.
func (c *compiler) unparsed(at Position) { c.fault(at, noParse) }

const noParse = "no document that was parsed has this here"

// names takes in the providers, and refuses two documents of one kind and name.
func (c *compiler) names(documents []syntax.Document) {
	c.catalog.faults.Add(syntax.Duplicates(documents))
	for i := range documents {
		d := &documents[i]
		if d.IdentityProvider != nil {
			c.known[d.Name] = d.IdentityProvider.Terms()
			c.catalog.providers = append(c.catalog.providers, *d.IdentityProvider)
		}
	}
	slices.SortFunc(c.catalog.providers, func(a, b identity.Provider) int { return cmp.Compare(a.Name, b.Name) })
}

// servicePolicy compiles one, unless that was done before.
func (c *compiler) servicePolicy(d *syntax.Document) {
	text, parsed := textOf(d)
	compiled := c.before.policies[text]
	if compiled == nil {
		p := d.ServicePolicy
		if p == nil {
			p = d.Reread()
		}
		if p == nil {
			c.unparsed(d.Position)
			return
		}
		compiled = c.policy(d.Namespace+"/"+d.Name, p)
	}
	c.catalog.policies = append(c.catalog.policies, compiled)
	if parsed {
		c.parsed[text] = compiled
	}
}

func (c *compiler) policy(name string, p *syntax.ServicePolicy) *compiledPolicy {
	s := scope{compiler: c, groups: map[string][]pattern.Pattern{}}
	for _, g := range p.Groups {
		s.groups[g.Name.Value] = c.patterns(g.Callers)
	}
	compiled := &compiledPolicy{name: name, workloads: c.patterns(p.Workloads), upstream: c.upstream(p.Upstream), deny: s.rules(p.Deny, Deny)}
	for i := range p.Routes {
		if r, ok := s.route(name, &p.Routes[i]); ok {
			compiled.routes = append(compiled.routes, r)
		}
	}
	return compiled
}

func (s scope) route(policy string, from *syntax.Route) (*route, bool) {
	m, ok := s.match(from)
	if !ok {
		return nil, false
	}
	if !m.grpc && len(m.templates) > 0 {
		s.params = condition.ParamsOf(m.templates[0])
	}
	r := &route{policy: policy, name: from.Name.Value, at: s.place(from.Position), match: m, allow: s.rules(from.Allow, Allow), deny: s.rules(from.Deny, Deny)}
	n := reads(r.deny).and(reads(r.allow))
	r.reads = needs{s.sharing.list(n.providers), s.sharing.list(n.headers)}
	return r, true
}

func (c *compiler) patterns(texts []syntax.Text) []pattern.Pattern {
	all := make([]pattern.Pattern, 0, len(texts))
	for _, t := range texts {
		p, err := pattern.Parse(t.Value)
		if err != nil {
			c.fault(t.Position, "%v", err)
			continue
		}
		all = append(all, p)
	}
	return all
}

func anyMatches(patterns []pattern.Pattern, id string) bool {
	return slices.ContainsFunc(patterns, func(p pattern.Pattern) bool { return p.Match(id) })
}

// condition compiles one, and says where in the file it is wrong.
func (c *compiler) condition(from *syntax.Condition, params []condition.Param) *condition.Condition {
	compiled, err := c.conditions.Compile(from.Text, params)
	if err == nil {
		return compiled
	}
	var faults condition.Errors
	if !errors.As(err, &faults) {
		c.fault(from.Position, "%v", err)
		return nil
	}
	for _, f := range faults {
		at := from.Position
		if from.Plain && f.Line == 1 && at.Line > 0 {
			at.Column += f.Column - 1
			c.fault(at, "%s", f.Message)
			continue
		}
		c.fault(at, "line %d, column %d of the condition: %s", f.Line, f.Column, f.Message)
	}
	return nil
}
