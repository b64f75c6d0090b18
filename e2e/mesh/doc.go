// Package mesh sets up what an end-to-end test needs around Postern: certificate authorities and
// a token issuer (World), the configuration of the Envoy that asks it (Gate), and all of them
// running together (Start).
//
// A Gate's zero value is the safe configuration; each field takes one part of the safety away
// or adds something to go wrong.
package mesh
