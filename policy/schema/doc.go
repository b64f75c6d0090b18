// Package schema says what Postern's documents may hold to programs that are not Postern: to
// editors as JSON Schema (draft 2020-12), to Kubernetes as a structural schema of OpenAPI v3, and
// to readers of the documentation as tables.
//
// All of it is made of syntax.Grammar, the tables by which documents are read, so a schema takes
// no field that the reader refuses, and refuses none that it takes. What it refuses is refused by
// the reader, too, and never the other way round: a schema sees the structure of one document,
// and what reads as a string. It does not see what a string means (a template that repeats a
// variable, a condition, an address with bits behind its length), what must fit together (a group
// that is not defined, two routes of one name, maxStale shorter than refresh), nor how YAML is
// written.
package schema
