package lint

import (
	"cmp"
	"slices"

	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax"
)

// A Finding is one thing that is wrong, or good to know.
type Finding struct {
	Code     Code
	Severity Severity
	Message  string // what is wrong and what to do, without a full stop
	Position syntax.Position
	Related  []Related
	Fix      *Fix   // nil: there is none that changes no decision
	Reason   string // why it was silenced; "" when it was not

	around syntax.Position // of the rule or route in which it is: a comment above that silences it, too
}

// A Related place helps to understand a finding.
type Related struct {
	Position syntax.Position
	Message  string // what stands there
}

// A Fix takes something out of one file, which changes no decision.
type Fix struct {
	Description string // what to do, as an order: take this rule out
	source      string
	targets     []edit.Target
}

// A Report is what Run finds.
type Report struct {
	Findings []Finding // by place, then by code
	Silenced []Finding // those that a comment silences, each with the Reason it gives
}

// Worst returns the highest severity of the findings, 0 when there are none.
func (r *Report) Worst() Severity {
	worst := Severity(0)
	for i := range r.Findings {
		worst = max(worst, r.Findings[i].Severity)
	}
	return worst
}

// Invalid says that something would not be loaded.
func (r *Report) Invalid() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == Invalid })
}

// Count returns how many findings have a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// sorted orders findings, and drops what was found twice.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Position == b.Position && a.Code == b.Code && a.Message == b.Message
	})
}
