package policy

import (
	"net/netip"
	"time"

	"github.com/postern/postern/identity"
)

// A Request is what one decision is about. Its parts were parsed once and strictly; a Request
// that misses one of Method, Path and Host is denied.
type Request struct {
	ID      string // the request id that answer and record carry
	Time    time.Time
	Method  Method
	Path    Path
	Host    Host
	HTTP2   bool
	Upgrade string // the protocol asked for, lower case; "" for none
	Headers Headers
	Source  netip.Addr // the TCP peer, as Envoy saw it; zero when unknown

	Caller identity.Caller
	// Credential is what came of looking for a user where [Match.Providers] says. A route
	// that reads no credentials takes the zero value.
	Credential identity.Credential
}

// isGRPC says that the request is a gRPC call as Envoy understands it: POST over HTTP/2 with
// one content-type of application/grpc or application/grpc+something.
func (r *Request) isGRPC() bool {
	if r.Method.name != "POST" || !r.HTTP2 {
		return false
	}
	sent, n := r.Headers.First("content-type")
	return n == 1 && isGRPCContentType(sent)
}

// isCall says that the request is a gRPC call to a path that was sent as two segments without a
// single escape, which is how gRPC servers look methods up.
func (r *Request) isCall() bool {
	p := &r.Path
	return len(p.segments) == 2 && len(p.raw) == len(p.segments[0])+len(p.segments[1])+2 && p.query == "" && r.isGRPC()
}

// isGRPCContentType says that a content-type is one, and gRPC's: a comma would make it two.
func isGRPCContentType(value string) bool {
	const grpc = "application/grpc"
	if len(value) < len(grpc) || value[:len(grpc)] != grpc {
		return false
	}
	rest := value[len(grpc):]
	return rest == "" || rest[0] == '+' && identity.IsToken(rest[1:])
}
