// Package syntax reads Postern's YAML documents into values with positions.
//
// It knows the grammar and nothing of meaning: names are not resolved here and nothing is
// compiled. Every value keeps its Position, so that whoever finds it wrong later can name the
// place. Reading is strict: an unknown or repeated field, an anchor or alias, a tag, a value
// of another type or a second spelling is an error with a position and, where there is one,
// a suggestion. What is not built yet is refused by name, never ignored.
package syntax
