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
	before   compiledBefore
}

// Compile does what the function Compile does.
func (m *Compiler) Compile(documents []syntax.Document, o Options) (*Set, error) {
	if m.workload != o.Workload {
		m.workload, m.before = o.Workload, compiledBefore{}
	}
	c := prepare(documents, o.Now, m.before)
	set, err := c.catalog.assemble(o.Workload)
	c.catalog.faults.Add(err)
	if err := c.catalog.faults.Err(); err != nil {
		return nil, err // what is in force is worth remembering, and this is not
	}
	m.before = c.remember(o.Workload)
	return set, nil
}

// A compiledBefore is the policies that were compiled without a fault, and the providers that they may
// name: with others they might have one. It is never modified.
type compiledBefore struct {
	known    map[string]identity.Terms
	policies map[textAt]*compiledPolicy
}

// A textAt is where a document stands and what its text is: a policy with the same is the same.
type textAt struct {
	at     Position
	digest [32]byte
}

// textOf returns false for a document that was not parsed, of which that is not known.
func textOf(d *syntax.Document) (textAt, bool) {
	return textAt{d.Position, d.Digest}, d.Digest != [32]byte{}
}

// with returns what still holds with these providers.
func (b compiledBefore) with(known map[string]identity.Terms) compiledBefore {
	if !reflect.DeepEqual(b.known, known) {
		return compiledBefore{}
	}
	return b
}

// remember returns what was compiled, without a fault anywhere. Of policies that do not protect the
// workload it keeps that they do not.
func (c *compiler) remember(workload string) compiledBefore {
	b := compiledBefore{known: c.known, policies: c.parsed}
	for text, p := range b.policies {
		if !anyMatches(p.workloads, workload) {
			b.policies[text] = &compiledPolicy{name: p.name, workloads: p.workloads}
		}
	}
	return b
}
