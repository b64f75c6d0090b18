// Package syntax reads Postern's YAML documents into values with positions.
//
// It knows the grammar and little of meaning: what a document says of itself is checked here,
// what it says of others (a provider's name, a route that overlaps another) is not, and nothing
// is compiled. Every value keeps its Position, so that whoever finds it wrong later can name the
// place. Reading is strict: an unknown or repeated field, a value of another type or a second
// spelling is an error with a position and, where there is one, a suggestion; so is a list that
// was left empty where an absent one would mean "any". What is not built yet is refused by name,
// never ignored.
//
// The YAML itself is read by package tree, which takes a strict subset of it.
package syntax
