package draft

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// Options say what to write tests of.
type Options struct {
	suite.Options
	// Workloads are the SPIFFE IDs to write tests for. With none it is one workload of every
	// policy that no test is about.
	Workloads []string
}

// ErrTested says that every policy has tests already.
var ErrTested = errors.New("every policy has tests already: name a workload to write more for it")

// A Draft is a file of PolicyTest documents, one for each workload, in the canonical form.
type Draft struct {
	Text  []byte
	Names []string // of the documents
	Tests int      // each case counted
}

// Write returns tests that pass with the documents.
func Write(documents []syntax.Document, o Options) (*Draft, error) {
	targets, err := targetsOf(documents, o.Workloads)
	if err != nil {
		return nil, err
	}
	d := &Draft{}
	for _, t := range targets {
		o.Options.Workloads = append(o.Options.Workloads, t.workload)
	}
	s, err := suite.New(documents, o.Options)
	if err != nil {
		return nil, err
	}
	w := &writer{}
	for i := range targets {
		a := newAuthor(s, documents, targets[i].workload)
		a.write()
		w.document(&targets[i], a.entries)
		d.Names = append(d.Names, targets[i].name)
	}
	if w.Len() > syntax.MaxFile {
		return nil, fmt.Errorf("the tests of %d workloads are %d bytes, and a file has %d at most: name a workload", len(targets), w.Len(), syntax.MaxFile)
	}
	if d.Text, err = format.Source("the draft", []byte(w.String())); err == nil {
		err = d.check(documents, o.Options)
	}
	if err != nil {
		return nil, fmt.Errorf("what was written is wrong, which is a fault of Postern's: %w", err)
	}
	return d, nil
}

// check runs what was written.
func (d *Draft) check(documents []syntax.Document, o suite.Options) error {
	const source = "the draft"
	written, err := syntax.Parse(source, d.Text)
	if err != nil {
		return err
	}
	s, err := suite.New(slices.Concat(documents, written), o)
	if err != nil {
		return err
	}
	for _, r := range s.Run(nil) {
		if r.Position().Source != source {
			continue
		}
		if d.Tests++; !r.Passed() {
			return fmt.Errorf("%v: %s does not pass", r.Position(), r.Name)
		}
	}
	return nil
}

// A target is a workload to write tests for, and what to call the document.
type target struct {
	workload        string
	name, namespace string
}

// targetsOf chooses the workloads.
func targetsOf(documents []syntax.Document, workloads []string) ([]target, error) {
	taken := map[string]bool{}
	tested := map[string]bool{}
	for i := range documents {
		if t := documents[i].PolicyTest; t != nil {
			taken[documents[i].Namespace+"/"+documents[i].Name] = true
			tested[t.Workload.Value] = true
		}
	}
	var targets []target
	add := func(d *syntax.Document, workload string) {
		tested[workload] = true
		t := target{workload, d.Name, d.Namespace}
		for n := 2; taken[t.namespace+"/"+t.name]; n++ {
			t.name = fmt.Sprintf("%s-%d", d.Name, n)
		}
		taken[t.namespace+"/"+t.name] = true
		targets = append(targets, t)
	}
	for _, workload := range workloads {
		d := protector(documents, workload)
		if d == nil {
			return nil, fmt.Errorf("no policy protects %s: there is nothing to test but that every request to it is denied", workload)
		}
		add(d, workload)
	}
	if len(workloads) == 0 {
		untested(documents, tested, add)
	}
	if len(targets) == 0 {
		return nil, ErrTested
	}
	return targets, nil
}

// untested adds a workload of every policy of which no test asks: one that it names if it does,
// else an example.
func untested(documents []syntax.Document, tested map[string]bool, add func(d *syntax.Document, workload string)) {
	for _, literal := range []bool{true, false} {
		for i := range documents {
			d := &documents[i]
			if d.ServicePolicy == nil || protectsAny(d, tested) {
				continue
			}
			for _, w := range d.ServicePolicy.Workloads {
				if isPattern(w.Value) != literal {
					add(d, example(w.Value))
					break
				}
			}
		}
	}
}

func isPattern(id string) bool { return strings.Contains(id, "*") }

func protectsAny(d *syntax.Document, workloads map[string]bool) bool {
	for workload := range workloads {
		if protects(d, workload) {
			return true
		}
	}
	return false
}

// protects says that a ServicePolicy protects a workload.
func protects(d *syntax.Document, workload string) bool {
	return d.ServicePolicy != nil && matches(d.ServicePolicy.Workloads, workload)
}

func protector(documents []syntax.Document, workload string) *syntax.Document {
	for i := range documents {
		if protects(&documents[i], workload) {
			return &documents[i]
		}
	}
	return nil
}

// matches says that one of the patterns matches a SPIFFE ID.
func matches(patterns []syntax.Text, id string) bool {
	return slices.ContainsFunc(patterns, func(t syntax.Text) bool {
		p, err := pattern.Parse(t.Value)
		return err == nil && p.Match(id)
	})
}

// example returns a SPIFFE ID that a pattern matches.
func example(text string) string {
	segments := strings.Split(text, "/")
	for i, s := range segments {
		if s == "*" || s == "**" {
			segments[i] = "example"
		}
	}
	return strings.Join(segments, "/")
}
