// Package tree reads a strict subset of YAML 1.2 into nodes with positions.
//
// Whatever it accepts means the same to every YAML reader, so that a file means the same from
// a directory and through kubectl; a test compares it with another reader. In the subset are
// mappings and lists, in blocks and in brackets, plain and quoted strings on one line, block
// strings with | and >, and comments. Left out is what makes YAML hard to review, each with an
// error that says what to write instead:
//
//   - anchors, aliases, merge keys, tags, directives, complex keys, several documents without
//     "---" on a line of its own;
//   - plain and quoted strings over several lines, which a wrong indent makes of two values;
//   - tabs, a byte order mark, bytes that are not UTF-8, control characters, and characters
//     that make text look like other text (Unicode bidirectional controls);
//   - repeated keys.
//
// A plain scalar keeps its spelling: whether it reads as a string is for the caller to ask
// with TypeOf. Positions are lines and columns from 1, columns in bytes.
package tree
