package output

import (
	"encoding/json"
	"io"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// A document is what JSON writes. Lists are there when they are empty.
type document struct {
	Findings []finding `json:"findings"`
	Silenced []finding `json:"silenced"`
	Summary  counts    `json:"summary"`
}

type counts struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Info     int `json:"info"`
	Silenced int `json:"silenced"`
}

type finding struct {
	Code     lint.Code `json:"code"`
	Severity string    `json:"severity"`
	Message  string    `json:"message"`
	place
	Related []related `json:"related,omitempty"`
	Page    string    `json:"page"`
	Fix     string    `json:"fix,omitempty"`    // what --fix does
	Reason  string    `json:"reason,omitempty"` // why it was silenced
}

// A place has no line and column when it is a whole file, and no file when it is none.
type place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"` // from 1, in bytes
}

type related struct {
	place
	Message string `json:"message"`
}

// JSON writes the report as one object.
func (w *Writer) JSON(out io.Writer, r *lint.Report) error {
	return encode(out, document{
		Findings: w.findings(r.Findings), Silenced: w.findings(r.Silenced),
		Summary: counts{r.Count(lint.Error), r.Count(lint.Warning), r.Count(lint.Info), len(r.Silenced)},
	})
}

func encode(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

func (w *Writer) findings(all []lint.Finding) []finding {
	written := make([]finding, 0, len(all))
	for i := range all {
		f := &all[i]
		one := finding{
			Code: f.Code, Severity: f.Severity.String(), Message: f.Message, place: w.jsonPlace(f.Position), Page: PageOf(f.Code), Reason: f.Reason,
		}
		for _, r := range f.Related {
			one.Related = append(one.Related, related{w.jsonPlace(r.Position), r.Message})
		}
		if f.Fix != nil {
			one.Fix = f.Fix.Description
		}
		written = append(written, one)
	}
	return written
}

func (w *Writer) jsonPlace(p syntax.Position) place {
	if p.Source == "" {
		return place{}
	}
	return place{w.path(p.Source), p.Line, p.Column}
}
