package directory

import (
	"bytes"

	"github.com/postern/postern/policy/syntax"
)

// ending refuses a text without a newline at its end. Half of a file is often a sound document
// that says something else: a shorter name, or a rule without its last condition. Documents do
// not have to end so, but files do: this is how all but every cut inside a line is noticed.
func ending(name string, text []byte) error {
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		return nil
	}
	line := bytes.Count(text, []byte("\n")) + 1
	column := len(text) - 1 - bytes.LastIndexByte(text, '\n')
	return &syntax.Error{
		Position: syntax.Position{Source: name, Line: line, Column: column},
		Message:  "the file ends in the middle of a line, as one does that is half written: end it with a newline, and replace files by mv",
	}
}
