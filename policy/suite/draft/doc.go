// Package draft writes first tests of policies: for each rule a request that it matches and, for
// each of its conjuncts, one that differs in that alone.
//
// The requests are made from what the rules say, an example for each pattern, template and value,
// and every one is asked before it is written: what is expected is what comes of it, and what
// shows nothing is left out, with a comment that says so. So the tests pass on the day they are
// written. Whether what they expect is what was meant is for a person to read: that is what the
// first file is for.
package draft
