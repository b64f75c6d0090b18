// Package upstream is the service behind the gate: a server that keeps the exact bytes of every
// request that reached it, over HTTP/1.1 and HTTP/2 on one port, and says yes to all of them.
//
// A test marks a request with a field named by CaseHeader and asks the server for it by the
// mark. What was not let through is not there.
package upstream
