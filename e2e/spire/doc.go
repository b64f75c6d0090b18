// Package spire builds and runs the real SPIRE, server and agent, for end-to-end tests.
//
// Build ("make e2e-spire", or the command in the folder get) builds both binaries from the Go
// module proxy, once, into the user's cache folder: ten minutes and more on two cores, and a C
// compiler for SPIRE's database. The module is pinned by its hash.
//
// StartServer runs a server for one trust domain; Server.Agent makes an agent of it, which a
// test registers workloads with (Agent.Register) and then starts. Workloads are told apart by
// the path of their binary, as everything here runs as one user. NewWatch keeps what an agent
// offers the test's own process. Both look for changes every second, so that a test does not wait
// for SPIRE's own, slower intervals.
//
// The tests have the build tag e2e_spire.
package spire
