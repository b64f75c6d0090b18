// Package admin serves HTTP pages about this process, for its operator.
//
//	/healthz    200 while the process lives
//	/readyz     200 when it can decide, else 503; what is there, what is missing and what to do
//	/metrics    for Prometheus
//	/jwks.json  the public keys that verify assertions for the workload
//	/snapshot   what is loaded, as JSON without secrets
//	/           a list of these
//
// [New] serves all of them and belongs on loopback. It refuses a Host that is neither
// localhost, nor an IP address, nor its own: a page in the operator's browser whose name was
// bound to a loopback address ("DNS rebinding") reads nothing. [Status] serves the first
// four alone, for kubelets, Prometheus and the workload.
package admin
