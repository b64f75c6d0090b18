// Package check holds "postern envoy" and "postern envoy check" against the real Envoy.
//
// For each rule of the checker there is an attack: it works where one setting of the printed
// bootstrap was changed, it does not work where nothing was, and the checker finds the change.
// The rest runs what is printed: every variation, a service that calls another, and an SVID and
// a bundle that rotate.
package check
