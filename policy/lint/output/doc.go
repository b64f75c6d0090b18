// Package output writes the reports of package lint: as text for people, as JSON, as SARIF 2.1.0
// for code scanners, and as the commands that make GitHub annotate a change.
package output

import (
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/syntax"
)

// page explains every code, each in a section of its name.
const page = "https://github.com/postern/postern/blob/main/docs/lint.md"

// PageOf returns the address of the section about a code.
func PageOf(code lint.Code) string { return page + "#" + string(code) }

// A Writer writes reports. It is not safe for concurrent use.
type Writer struct {
	// Path returns how a file is named to whoever reads, by its name in positions.
	Path func(name string) string
	// Sources are the files that were looked at, by their names in positions. Columns in
	// characters are counted in them.
	Sources map[string][]byte
	// Colour marks text for a terminal.
	Colour bool

	lines map[string][]string // of the sources that were looked into
}

func (w *Writer) path(name string) string {
	if w.Path == nil {
		return name
	}
	return w.Path(name)
}

// line returns the text of the line that a position is in, without its end; "" when it is not
// known.
func (w *Writer) line(p syntax.Position) string {
	if p.Line == 0 {
		return ""
	}
	lines, known := w.lines[p.Source]
	if !known {
		if w.lines == nil {
			w.lines = map[string][]string{}
		}
		lines = strings.Split(string(w.Sources[p.Source]), "\n")
		w.lines[p.Source] = lines
	}
	if p.Line > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[p.Line-1], "\r")
}

// column returns a position's column in characters, from 1.
func (w *Writer) column(p syntax.Position) int {
	line := w.line(p)
	if p.Column < 1 || p.Column > len(line) {
		return max(p.Column, 1)
	}
	return utf8.RuneCountInString(line[:p.Column-1]) + 1
}
