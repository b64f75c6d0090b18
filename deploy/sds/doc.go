// Package sds hands Envoy its certificates: a server of Envoy's secret discovery service, v3, as
// envoy/service/secret/v3/sds.proto and the xDS protocol have it, state of the world alone.
//
// A Server is given one whole State after the other, and serves these names of it:
//
//	default, the SPIFFE ID of the workload   its certificate chain and private key
//	ROOTCA, spiffe://TRUST_DOMAIN            one bundle; ROOTCA is that of the workload's own trust domain
//	ALL                                      each trust domain with its own bundle
//	CALLERS                                  the authorities of all in one heap, for clients that may come without
//	                                         a certificate, which Envoy's SPIFFE validator does not let in
//
// All validation contexts but CALLERS are for envoy.tls.cert_validator.spiffe. A name that is not
// there is waited for: it is sent as soon as it is, and at every change. A certificate that has
// expired is not sent; Envoy keeps the one it has. A bundle that is gone has no such grace: whoever
// was sent it, even by an earlier process, is sent one in its place that verifies nobody.
//
// A stream holds no queue: it sends the newest State once the last answer was acknowledged. All
// versions are digests of what is public, so two processes give the same version to the same.
//
// Whoever can open the socket that a Server listens on gets the private key.
package sds
