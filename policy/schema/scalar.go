package schema

import (
	"encoding/json"

	"github.com/postern/postern/policy/syntax/grammar"
)

// What the reader takes for a duration and for a time, as far as a pattern can say it.
const (
	durationPattern = `^-?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`
	timePattern     = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$`
)

// scalar returns the schema of one value without parts.
func (b *builder) scalar(s *grammar.Scalar) *node {
	switch s.Form {
	case grammar.Integer:
		return &node{Type: "integer", Minimum: &s.Least, Maximum: &s.Most}
	case grammar.Boolean:
		return &node{Type: "boolean"}
	case grammar.True:
		return &node{Type: "boolean", Enum: []json.RawMessage{[]byte("true")}}
	case grammar.Duration:
		return &node{Type: "string", Pattern: durationPattern}
	case grammar.Time:
		return &node{Type: "string", Format: "date-time", Pattern: timePattern}
	case grammar.Text:
	}
	n := &node{Type: "string", Pattern: s.Pattern, MaxLength: s.Longest}
	if !b.structural {
		n.Examples = s.Examples
	}
	switch {
	case s.Enum != nil:
		n.Enum = values(s.Enum...)
	case !s.Empty:
		n.MinLength = 1
	}
	return n
}
