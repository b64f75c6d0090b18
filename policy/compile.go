package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax"
)

// Compile builds the set of one workload, a SPIFFE ID, out of every document there is. Those
// that do not protect the workload are checked as far as one document can be. The faults are
// reported together, as *syntax.Errors; with any there is no set.
func Compile(documents []syntax.Document, workload string) (*Set, error) {
	c := &compiler{set: &Set{workload: workload, services: map[string]bool{}}, known: map[string]bool{}}
	documents = slices.Clone(documents)
	slices.SortStableFunc(documents, func(a, b syntax.Document) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			a.Position.Compare(b.Position))
	})
	c.names(documents)
	for i := range documents {
		if p := documents[i].ServicePolicy; p != nil {
			c.policy(documents[i].Namespace+"/"+documents[i].Name, p)
		}
	}
	c.overlaps()
	c.finish()
	if err := c.faults.Err(); err != nil {
		return nil, err
	}
	return c.set, nil
}

// A compiler builds one set and gathers what is wrong.
type compiler struct {
	set    *Set
	known  map[string]bool // IdentityProviders by name
	faults syntax.Errors
}

func (c *compiler) fault(at Position, format string, args ...any) {
	c.faults.Add(&syntax.Error{Position: at, Message: fmt.Sprintf(format, args...)})
}

// unparsed refuses what parsing refuses in better words: a document need not have been parsed.
func (c *compiler) unparsed(at Position) { c.fault(at, "no document that was parsed has this here") }

// names takes in the providers, and refuses two documents of one kind and name.
func (c *compiler) names(documents []syntax.Document) {
	c.faults.Add(syntax.Duplicates(documents))
	for i := range documents {
		d := &documents[i]
		if d.IdentityProvider != nil {
			c.known[d.Name] = true
			c.set.providers = append(c.set.providers, *d.IdentityProvider)
		}
	}
}

// policy compiles one ServicePolicy, and adds it to the set when it protects the workload.
func (c *compiler) policy(name string, p *syntax.ServicePolicy) {
	s := scope{compiler: c, groups: map[string][]pattern.Pattern{}}
	for _, g := range p.Groups {
		s.groups[g.Name.Value] = c.patterns(g.Callers)
	}
	protects := slices.ContainsFunc(c.patterns(p.Workloads), func(w pattern.Pattern) bool { return w.Match(c.set.workload) })
	deny := s.rules(p.Deny, true)
	if protects {
		c.set.policies = append(c.set.policies, name)
		c.set.deny = append(c.set.deny, deny...)
	}
	for i := range p.Routes {
		r := &route{policy: name, name: p.Routes[i].Name.Value}
		r.allow, r.deny = s.rules(p.Routes[i].Allow, false), s.rules(p.Routes[i].Deny, true)
		if protects {
			c.place(&p.Routes[i], r)
		}
	}
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

// finish derives what is read per request from what was gathered.
func (c *compiler) finish() {
	s := c.set
	slices.SortFunc(s.providers, func(a, b identity.Provider) int { return cmp.Compare(a.Name, b.Name) })
	s.rules = len(s.deny)
	for _, r := range s.routes {
		s.rules += len(r.deny) + len(r.allow)
		r.providers, r.headers = reads(s.deny, r.deny, r.allow)
	}
}

// reads returns the providers and headers that rules look at, sorted.
func reads(lists ...[]*Rule) (providers, headers []string) {
	for _, rules := range lists {
		for _, r := range rules {
			providers = append(providers, r.user.providers...)
			for i := range r.header {
				headers = append(headers, r.header[i].name)
			}
		}
	}
	slices.Sort(providers)
	slices.Sort(headers)
	return slices.Compact(providers), slices.Compact(headers)
}
