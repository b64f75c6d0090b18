package tap

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
)

// An Exchange is one check: what Envoy asked and what Postern answered.
type Exchange struct {
	Request  *authv3.CheckRequest
	Response *authv3.CheckResponse // nil when the call failed
}

// Allowed says that Envoy lets the request in: the status code alone decides.
func (e Exchange) Allowed() bool {
	return e.Response != nil && e.Response.GetStatus().GetCode() == int32(codes.OK)
}

// Header returns the values of a request field, in either of Envoy's encodings.
func (e Exchange) Header(name string) []string {
	http := e.Request.GetAttributes().GetRequest().GetHttp()
	if value, ok := http.GetHeaders()[name]; ok {
		return []string{value}
	}
	var all []string
	for _, f := range http.GetHeaderMap().GetHeaders() {
		if f.GetKey() == name {
			all = append(all, string(f.GetRawValue()))
		}
	}
	return all
}

// A Tap passes checks on. Its methods are safe for concurrent use.
type Tap struct {
	authv3.UnimplementedAuthorizationServer
	Socket string // where Envoy asks
	to     authv3.AuthorizationClient
	mu     sync.Mutex
	all    []Exchange
}

// Start listens on a socket in dir and asks the Postern on the socket to, until the test ends.
func Start(t testing.TB, dir, to string) *Tap {
	t.Helper()
	conn, err := grpc.NewClient("unix://"+to, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	tap := &Tap{Socket: filepath.Join(dir, "tap.sock"), to: authv3.NewAuthorizationClient(conn)}
	listener, err := net.Listen("unix", tap.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	authv3.RegisterAuthorizationServer(server, tap)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends with Stop
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
		conn.Close()
	})
	return tap
}

// Check passes one check on and keeps it.
func (t *Tap) Check(ctx context.Context, request *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	response, err := t.to.Check(ctx, request)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, Exchange{request, response})
	return response, err
}

// Find returns the exchanges about requests that carry this value in a field.
func (t *Tap) Find(field, value string) []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []Exchange
	for _, e := range t.all {
		if slices.Contains(e.Header(field), value) {
			found = append(found, e)
		}
	}
	return found
}
