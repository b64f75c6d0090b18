// Package e2e tests Postern whole: the real Envoy, the real binary, raw clients that send what
// no library would, and upstreams that say which bytes reached them.
//
// The tests are named after what they protect from. Their parts:
//
//	demo      what "make demo" runs
//	envoy     finds, fetches and runs the real Envoy
//	build     builds the commands
//	dev       runs postern-dev, whose keys rotate when a test says so
//	mesh      all that a test needs, set up together
//	postern   builds and runs the postern binary
//	process   a child process that cannot outlive the test
//	raw       clients that send exact bytes over HTTP/1.1 and HTTP/2
//	tap       keeps what Envoy asked and Postern answered
//	upstream  servers that keep the exact bytes they received
//
// Without Envoy the tests are skipped with the reason, and fail where CI=true. "make envoy"
// fetches it. Nothing leaves the loopback interface.
package e2e
