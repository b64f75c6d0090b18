// Package admin serves HTTP pages about this process, for its operator.
//
//	/healthz    200 while the process lives
//	/readyz     200 when it can decide, else 503; what is there, what is missing and what to do
//	/metrics    for Prometheus
//	/snapshot   what is loaded, as JSON without secrets
//	/           a list of these
//
// [New] serves all of them and belongs on loopback. It refuses a Host that is neither
// localhost, nor an IP address, nor its own: a page in the operator's browser whose name was
// bound to a loopback address ("DNS rebinding") reads nothing. [Status] serves the first
// three alone, for kubelets and Prometheus.
package admin
