package lint

import (
	"fmt"
	"strconv"

	"github.com/postern/postern/policy/lint/edit"
	"github.com/postern/postern/policy/syntax"
)

// addAt adds a finding about a place.
func (w *world) addAt(code Code, at syntax.Position, format string, args ...any) *Finding {
	check, _ := checkOf(code)
	w.findings = append(w.findings, &Finding{
		Code: code, Severity: check.Severity, Message: fmt.Sprintf(format, args...), Position: at, around: at,
	})
	return w.findings[len(w.findings)-1]
}

// add adds a finding about a rule.
func (w *world) add(code Code, r *rule, format string, args ...any) *Finding {
	return w.addAt(code, r.at, format, args...)
}

// at moves a finding to a place inside what it is about.
func (f *Finding) at(p syntax.Position) *Finding {
	f.Position = p
	return f
}

// as makes a finding less severe than its check says.
func (f *Finding) as(s Severity) *Finding {
	f.Severity = s
	return f
}

// related adds another place.
func (f *Finding) related(at syntax.Position, message string) *Finding {
	f.Related = append(f.Related, Related{at, message})
	return f
}

// fix adds that what begins at a place can be taken out.
func (f *Finding) fix(description string, at syntax.Position, what edit.What) *Finding {
	if at.Line > 0 {
		f.Fix = &Fix{description, at.Source, []edit.Target{{Line: at.Line, Column: at.Column, What: what}}}
	}
	return f
}

// count writes a number of things.
func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
