package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// The colours of a terminal (ECMA-48, SGR).
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	blue   = "\x1b[34m"
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	plain  = "\x1b[0m"
)

// Text writes a finding in one line, each with what is related below it, and at the end how many
// there are.
func (w *Writer) Text(out io.Writer, r *lint.Report) error {
	var b bytes.Buffer
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(&b, "%s: %s: %s: %s\n", w.paint(bold, w.place(f.Position)), w.paint(colourOf(f.Severity), f.Severity.String()), f.Code, f.Message)
		for _, related := range f.Related {
			fmt.Fprintf(&b, "\t%s\n", w.paint(faint, w.place(related.Position)+": "+related.Message))
		}
	}
	if n := len(r.Silenced) + len(r.Findings); n > 0 {
		b.WriteString(summary(r) + "\n")
	}
	_, err := out.Write(b.Bytes())
	return err
}

// summary counts findings: 1 error, 2 warnings; 1 can be mended with --fix; 1 silenced.
func summary(r *lint.Report) string {
	var parts []string
	for s := lint.Error; s >= lint.Info; s-- {
		if n := r.Count(s); n > 0 {
			parts = append(parts, several(n, s.String()))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "no findings"
	}
	mends := 0
	for i := range r.Findings {
		if r.Findings[i].Fix != nil {
			mends++
		}
	}
	if mends > 0 {
		text += fmt.Sprintf("; %d can be mended with --fix", mends)
	}
	if n := len(r.Silenced); n > 0 {
		text += fmt.Sprintf("; %d silenced", n)
	}
	return text
}

func several(n int, what string) string {
	if n != 1 && what != "info" {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// place writes a position as people and terminals take it: policies/orders.yaml:14:5.
func (w *Writer) place(p syntax.Position) string {
	if p.IsZero() {
		return w.path(".") // all of the directory
	}
	p.Source = w.path(p.Source)
	return p.String()
}

func (w *Writer) paint(colour, text string) string {
	if !w.Colour {
		return text
	}
	return colour + text + plain
}

func colourOf(s lint.Severity) string {
	switch s {
	case lint.Error:
		return red
	case lint.Warning:
		return yellow
	default:
		return blue
	}
}
