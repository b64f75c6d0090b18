// Package workloadapi serves the SPIFFE Workload API on Unix sockets.
//
// On a laptop every caller is one user, so a caller is told apart by the socket that it comes
// in by: whoever can open a workload's socket is that workload.
package workloadapi
