package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/postern/postern/deploy/envoy/tree"
)

// A Finding is one setting that weakens Postern.
type Finding struct {
	Rule    string `json:"rule"` // one of Rules
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Path    string `json:"path"`    // static_resources.listeners[0]…; of the nearest thing that is there
	Found   string `json:"found"`   // what is there, or missing
	Permits string `json:"permits"` // what an attacker, or an accident, can do with it
	Fix     string `json:"fix"`     // what to write instead
}

// String returns the finding in three lines.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s\n\tat: %s\n\tpermits: %s\n\tfix: %s\n",
		f.File, f.Line, f.Column, f.Rule, f.Found, f.Path, f.Permits, f.Fix)
}

// A report collects what one rule finds.
type report struct {
	file     string
	rule     Rule
	findings []Finding
}

// at reports something that stands at n.
func (r *report) at(n *tree.Node, format string, args ...any) {
	line, column := n.Position()
	f := Finding{
		Rule: r.rule.Name, File: r.file, Line: line, Column: column, Path: n.Path(),
		Found: fmt.Sprintf(format, args...), Permits: r.rule.Permits, Fix: r.rule.Fix,
	}
	if !slices.Contains(r.findings, f) {
		r.findings = append(r.findings, f)
	}
}

// field reports that the field of n at path is missing or has a value that it should not have.
func (r *report) field(n *tree.Node, path ...string) {
	name := path[len(path)-1]
	value := n.Get(path...)
	switch {
	case value == nil:
		for len(path) > 0 && value == nil {
			path = path[:len(path)-1]
			value = n.Get(path...)
		}
		r.at(value, "%s is not set", name)
	case value.Text() != "":
		r.at(value, "%s is %q", name, value.Text())
	default:
		r.at(value, "%s is set", name)
	}
}

// sorted orders findings by place, then by rule.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule))
	})
	return findings
}
