package policy

import (
	"reflect"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// A Compiler compiles the documents of a workload again and again. A ServicePolicy that stands where it
// stood, with the same text, is not compiled again; everything that concerns several documents is looked
// at each time. The zero Compiler is ready for use, by one goroutine at a time.
type Compiler struct {
	workload string
	memory   memory
}

// Compile does what the function Compile does.
func (m *Compiler) Compile(documents []syntax.Document, o Options) (*Set, error) {
	if m.workload != o.Workload {
		m.workload, m.memory = o.Workload, memory{}
	}
	c := prepare(documents, o.Now, m.memory)
	set, err := c.catalog.assemble(o.Workload)
	c.catalog.faults.Add(err)
	if err := c.catalog.faults.Err(); err != nil {
		return nil, err // what is in force is worth remembering, and this is not
	}
	m.memory = c.remember(o.Workload)
	return set, nil
}

// A memory is the policies that were compiled without a fault, and the providers that they may name: with
// others they might have one. It is never modified.
type memory struct {
	known    map[string]identity.Terms
	policies map[document]*compiledPolicy
}

// A document is one that was compiled: there it stood, and this was its text.
type document struct {
	at     Position
	digest [32]byte
}

// with returns what still holds with these providers.
func (m memory) with(known map[string]identity.Terms) memory {
	if !reflect.DeepEqual(m.known, known) {
		return memory{}
	}
	return m
}

// remember returns what was compiled. Of policies that do not protect the workload it keeps that they
// do not.
func (c *compiler) remember(workload string) memory {
	m := memory{known: c.known, policies: make(map[document]*compiledPolicy, len(c.sound))}
	for _, s := range c.sound {
		p := s.policy
		if !anyMatches(p.workloads, workload) {
			p = &compiledPolicy{name: p.name, workloads: p.workloads}
		}
		m.policies[s.from] = p
	}
	return m
}
