// Package tree reads an Envoy configuration, YAML or JSON, without Envoy's types: into nodes
// that know their line, their column and their path.
//
// A field is found by any of its spellings (failure_mode_allow, failureModeAllow), a value read
// in any form that Envoy reads: an enum by name or number, yes for true, "0.2s" for a duration.
// What Envoy could read in another way than this package is refused instead: keys given twice or
// in two spellings, merge keys, explicit tags, a second document, sizes out of bounds.
//
// All methods may be called on a nil *Node, which stands for what is absent, so that a path can
// be followed without a question at each step.
package tree
