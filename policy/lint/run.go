package lint

import (
	slash "path"
	"slices"
	"time"

	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A Source is one file.
type Source struct {
	Name string // below the directory, with slashes: what positions say
	Text []byte
}

// Options say what is looked for, and when.
type Options struct {
	Now    time.Time // dates are compared with
	Only   []Code    // what is looked for; none: everything
	Except []Code    // what is not
	Faults error     // what is wrong with the directory itself: findings of their own
	JSON   []string  // names of *.json in the directory, of which each is to be named by a document
}

// Run looks at every file of a directory. What would not be loaded is a finding, too, whatever is
// looked for; the files in which nothing is wrong are looked at all the same.
func Run(sources []Source, o Options) *Report { return newRunner(o).run(sources).report }

// A look is what is seen of the files in one run.
type look struct {
	report   *Report
	world    *world
	compiled compilation
}

// run looks at the files. Nothing can be mended while the policies are not compiled: how they decide
// is not known then.
func (r *runner) run(sources []Source) look {
	o := r.options
	documents, faults := parse(sources)
	r.partial = faults != nil
	compiled := make(chan compilation, 1) // which takes as long as what is beside it
	go func() { compiled <- prepare(documents, o.Now) }()
	w := newWorld(documents, o.Now, r.partial, r.maxSteps)
	c := <-compiled
	w.learn(c.conjuncts(r.named))
	w.invalid(o.Faults)
	w.invalid(faults)
	w.checkJSON(o.JSON, documents)
	for _, check := range []func(){
		w.checkRules, w.checkClosed, w.checkNever, w.checkRoutes, w.checkWide, w.checkGuardrails, w.checkUsers, w.checkConditions,
		w.checkActors, w.checkDates, w.checkNames, w.checkLists, w.checkClaims,
	} {
		check()
	}
	w.checkLoads(c)
	findings := slices.DeleteFunc(w.findings, func(f *Finding) bool { return !r.looksFor(f.Code) })
	var silences []*silence
	for _, s := range sources {
		silences = append(silences, silencesIn(s.Name, s.Text)...)
	}
	if c.err != nil {
		for _, f := range findings {
			f.Fix = nil
		}
	}
	return look{r.silence(findings, silences), w, c}
}

// A runner is one run.
type runner struct {
	options  Options
	partial  bool // some files could not be read
	maxSteps int
	named    func(*policy.Rule) policy.Conjuncts // what a compiled rule names
}

func newRunner(o Options) *runner {
	return &runner{options: o, maxSteps: maxSteps, named: (*policy.Rule).Named}
}

// looksFor says that findings of a code are wanted.
func (r *runner) looksFor(code Code) bool {
	if code == Invalid {
		return true
	}
	return (len(r.options.Only) == 0 || slices.Contains(r.options.Only, code)) && !slices.Contains(r.options.Except, code)
}

// parse reads the files. A file with a fault has no documents.
func parse(sources []Source) ([]syntax.Document, error) {
	var documents []syntax.Document
	var faults syntax.Errors
	for _, s := range sources {
		read, err := syntax.Parse(s.Name, s.Text)
		faults.Add(err)
		documents = append(documents, read...)
	}
	return documents, faults.Err()
}

// checkJSON finds files that somebody took for policies.
func (w *world) checkJSON(names []string, documents []syntax.Document) {
	if w.partial {
		return
	}
	named := map[string]bool{}
	for i := range documents {
		for _, f := range documents[i].Files {
			named[slash.Join(slash.Dir(f.Name.Position.Source), f.Name.Value)] = true
		}
	}
	for _, name := range names {
		if !named[name] {
			w.addAt(Invalid, syntax.Position{Source: name}, "is named by no document: policies are named *.yaml")
		}
	}
}
