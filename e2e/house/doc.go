// Package house holds the rules that no compiler holds: which room may import which, what a
// source file may not contain, and that the documentation says what the program does.
//
// It has tests alone. The golden files under testdata list every package's imports and every
// module that is linked into the sidecar, so that a new one is seen in review; after a change
// that is meant:
//
//	go test ./e2e/house -update
//
// The measures that are watched and not held (lengths of files and functions, packages without
// an Example, lines of test a line) are printed by
//
//	go test ./e2e/house -run Measures -v
package house
