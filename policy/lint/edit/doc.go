// Package edit takes values out of a YAML text and leaves everything else as it is written.
//
// What goes with a value is its comma or its lines, the comment beside it, and the comment
// directly above it in its column. Where that would leave a list or mapping empty, what holds it
// goes too. Everything else keeps every byte: comments, order, quotes and line ends.
//
// The result is read again before it is returned. If it is not what was read first without the
// values, it is an error and not a result, so that a fault in here can lose no rule.
package edit
