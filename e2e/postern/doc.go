// Package postern builds the postern binary and runs "postern serve" for a test: on a socket
// of its own, ready when Start returns, its decision records at hand.
package postern
