package lint

import (
	"errors"
	"slices"

	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax"
)

// maxRounds bounds how often files are mended: what one fix leaves over is another's.
const maxRounds = 20

// What can be wrong with mended files is a fault of this package: that they would not be loaded any
// more, or that a request would be decided otherwise.
var (
	ErrMend    = errors.New("the mended files would not be loaded: nothing is written")
	ErrDecides = errors.New("the mended files would decide otherwise: nothing is written")
)

// Mended is what Mend comes to.
type Mended struct {
	Sources  []Source  // every file, with its new text where it has one
	Findings []Finding // those that are mended, with their positions of before
	Report   *Report   // what is found in the new texts
}

// Mend applies the fixes of all findings, and those of what is found then, until there is none. A
// fix that cannot be applied, because of how the file is laid out, is left to people. With an error,
// which wraps ErrMend or ErrDecides, nothing is to be written: what would be, does not load, or does
// not decide as before.
func Mend(sources []Source, o Options) (*Mended, error) {
	return mendWith(sources, newRunner(o).run)
}

// mendWith mends what run finds. What is mended is held to requests that are made of the rules which
// it is about, so that a finding that is wrong changes no file.
func mendWith(sources []Source, run func([]Source) look) (*Mended, error) {
	before := run(sources)
	m := &Mended{Sources: slices.Clone(sources), Report: before.report}
	invalid := m.Report.countInvalid()
	for range maxRounds {
		done := mendAll(m.Sources, m.Report)
		if len(done) == 0 {
			break
		}
		after := run(m.Sources)
		if after.report.countInvalid() > invalid {
			return nil, ErrMend
		}
		if err := newTrial(before, after).compare(done); err != nil {
			return nil, err
		}
		m.Findings = append(m.Findings, done...)
		m.Report, before = after.report, after
	}
	return m, nil
}

func (r *Report) countInvalid() int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Code == Invalid {
			n++
		}
	}
	return n
}

// mendAll applies the fixes of a report, and returns the findings of those that could be applied.
func mendAll(sources []Source, report *Report) []Finding {
	var done []Finding
	for i := range sources {
		var mine []Finding
		for _, f := range report.Findings {
			if f.Fix != nil && f.Fix.source == sources[i].Name {
				mine = append(mine, f)
			}
		}
		done = append(done, mend(&sources[i], mine)...)
	}
	return done
}

// mend applies fixes to one file: all of them at once, or else as many as can be.
func mend(s *Source, findings []Finding) []Finding {
	if len(findings) == 0 {
		return nil
	}
	if text, ok := without(s, findings); ok {
		s.Text = text
		return findings
	}
	if len(findings) == 1 {
		return nil
	}
	// Taking something out moves what is below it: so begin there.
	half := len(findings) / 2
	below := mend(s, findings[half:])
	return append(mend(s, findings[:half]), below...)
}

// without returns a file's text as it is without what the findings are about.
func without(s *Source, findings []Finding) ([]byte, bool) {
	var targets []edit.Target
	for _, f := range findings {
		targets = append(targets, f.Fix.targets...)
	}
	text, err := edit.Remove(s.Text, targets)
	if err != nil {
		return nil, false
	}
	_, err = syntax.Parse(s.Name, text)
	return text, err == nil
}
