package suite

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// Options say when documents are loaded, and what else must hold of them.
type Options struct {
	// Now is the time of loading, from which onboarding is bounded. The time of a request is
	// the test's own.
	Now time.Time
	// Check is asked about the set of every workload that is tested; nil: nothing more.
	Check func(*policy.Set) error
	// Workloads can be asked about beside those that tests are about.
	Workloads []string
}

// A Suite is the tests among some documents, ready to run. It is immutable.
type Suite struct {
	rows      []row
	sets      map[string]*policy.Set // by workload
	providers map[string]*identity.Provider
	revoked   *revocation.List

	named       []string          // the workloads that policies name without a wildcard
	unprotected map[string]string // by workload: that no policy protects it, and which may be meant
}

// A row is one request with what is expected.
type row struct {
	suite, test, name string
	workload          string
	in                syntax.Case
	question          question
}

// New prepares the tests of all documents. The faults of the policies and the tests are reported
// together, as *syntax.Errors; with any there is no suite. A suite may have no tests. Tests of a
// workload that no policy protects are a fault, unless each expects just that, or it is onboarded.
func New(documents []syntax.Document, o Options) (*Suite, error) {
	s := &Suite{
		sets: map[string]*policy.Set{}, providers: map[string]*identity.Provider{},
		named: literals(documents), unprotected: map[string]string{},
	}
	catalog, err := policy.Prepare(documents, o.Now)
	if err != nil {
		return nil, err
	}
	if err := s.gather(documents); err != nil {
		return nil, err
	}
	var faults syntax.Errors
	for _, workload := range o.Workloads {
		faults.Add(s.protect(catalog, workload, o.Check))
	}
	for i := range documents {
		d := &documents[i]
		if d.PolicyTest == nil {
			continue
		}
		faults.Add(s.protect(catalog, d.PolicyTest.Workload.Value, o.Check))
		faults.Add(s.checkProtected(d.PolicyTest))
		for j := range d.PolicyTest.Tests {
			faults.Add(s.add(nameOf(d), d.PolicyTest, &d.PolicyTest.Tests[j]))
		}
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// nameOf returns namespace/name.
func nameOf(d *syntax.Document) string {
	if d.Namespace == "" {
		return d.Name
	}
	return d.Namespace + "/" + d.Name
}

// gather takes in what the tests' requests are held against.
func (s *Suite) gather(documents []syntax.Document) error {
	var revocations []*identity.Revocation
	for i := range documents {
		switch d := &documents[i]; {
		case d.IdentityProvider != nil:
			s.providers[d.Name] = d.IdentityProvider
		case d.Revocation != nil:
			revocations = append(revocations, d.Revocation)
		}
	}
	var err error
	s.revoked, err = revocation.Compile(revocations...)
	return err
}

// protect makes the set of a workload, once.
func (s *Suite) protect(catalog *policy.Catalog, workload string, check func(*policy.Set) error) error {
	if _, made := s.sets[workload]; made {
		return nil
	}
	set, err := catalog.Set(workload)
	if err == nil && check != nil {
		err = each(check(set))
	}
	s.sets[workload] = set
	if set != nil && len(set.Policies()) == 0 {
		s.unprotected[workload] = unprotectedBy(workload, s.named)
	}
	return err
}

// each returns all of the errors that were joined in err, as *syntax.Errors.
func each(err error) error {
	var faults syntax.Errors
	if joined := (interface{ Unwrap() []error })(nil); errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			faults.Add(e)
		}
	} else {
		faults.Add(err)
	}
	return faults.Err()
}

// add prepares the rows of a test.
func (s *Suite) add(suite string, p *syntax.PolicyTest, t *syntax.Test) error {
	var faults syntax.Errors
	for i, in := range t.Rows() {
		name := suite + ": " + t.Name.Value
		switch {
		case in.Name.Value != "":
			name += ": " + in.Name.Value
		case len(t.Cases) > 0:
			name += fmt.Sprintf(": #%d", i+1)
		}
		q, err := s.question(p, &in)
		faults.Add(err)
		s.rows = append(s.rows, row{suite, t.Name.Value, name, p.Workload.Value, in, q})
	}
	return faults.Err()
}

// A Filter chooses tests by their names and the workloads that they are about.
type Filter func(name, workload string) bool

// Run runs the tests that the filter takes, all with a nil one, in the order of the documents.
func (s *Suite) Run(filter Filter) []Result {
	results := make([]Result, 0, len(s.rows))
	for i := range s.rows {
		r := &s.rows[i]
		if filter == nil || filter(r.name, r.workload) {
			results = append(results, s.run(r))
		}
	}
	return slices.Clip(results)
}

// Len returns how many tests there are, each case counted.
func (s *Suite) Len() int { return len(s.rows) }

// Ask returns what comes of one case, which was read with nothing around it, for a workload that
// the suite knows. Whatever its Expect says was expected; nil: nothing. The error is a fault of the
// case.
func (s *Suite) Ask(workload string, in syntax.Case) (Result, error) {
	q, err := s.question(&syntax.PolicyTest{}, &in)
	if err != nil {
		return Result{}, err
	}
	if in.Expect == nil {
		in.Expect = &syntax.Expectation{}
	}
	return s.run(&row{workload: workload, in: in, question: q}), nil
}

// RuleOf returns the one rule of a guardrail.
func RuleOf(g *syntax.Guardrail) *syntax.Rule {
	if g.Deny != nil {
		return g.Deny
	}
	return g.Require
}
