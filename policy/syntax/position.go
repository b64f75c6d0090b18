package syntax

import (
	"cmp"
	"strconv"
	"strings"
)

// A Position is a place in a policy source. From a file it is a line and a column, from a
// Kubernetes object a field path. The zero Position is no place.
type Position struct {
	Source string // the file's name below the policy directory, or Kind/namespace/name
	Line   int    // from 1; 0 when Field says the place
	Column int    // from 1, in bytes
	Field  string // spec.routes[1].allow[0]
}

// IsZero says that the position names no place.
func (p Position) IsZero() bool { return p == Position{} }

// Compare orders by source, line, column and field: it is negative where p comes before q.
func (p Position) Compare(q Position) int {
	return cmp.Or(strings.Compare(p.Source, q.Source), p.Line-q.Line, p.Column-q.Column, strings.Compare(p.Field, q.Field))
}

// String returns orders.yaml:14:5, or ServicePolicy/shop/orders:spec.routes[1].allow[0], or
// "" for no place.
func (p Position) String() string {
	switch {
	case p.Line > 0:
		return p.Source + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
	case p.Field != "":
		return p.Source + ":" + p.Field
	default:
		return p.Source
	}
}

// An Error is one fault in a document.
type Error struct {
	Position Position
	Message  string // says what is wrong and what to do
}

func (e *Error) Error() string {
	if e.Position.IsZero() {
		return e.Message
	}
	return e.Position.String() + ": " + e.Message
}
