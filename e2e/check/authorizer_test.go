package check_test

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
)

// A decision answers one question.
type decision func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error)

// An authorizer is a plain grpc-go server in Postern's place, without Postern's own defences, so
// that what is seen is Envoy's. It keeps every question. Unless a test says otherwise it allows
// the caller mesh.Web everything below no /admin, and nobody else anything.
type authorizer struct {
	authv3.UnimplementedAuthorizationServer
	socket string
	server *grpc.Server
	mu     sync.Mutex
	asked  []*authv3.CheckRequest
	answer decision
}

func startAuthorizer(t testing.TB) *authorizer {
	t.Helper()
	a := &authorizer{socket: filepath.Join(postern.Dir(t), "authz.sock"), server: grpc.NewServer()}
	a.reset()
	listener, err := net.Listen("unix", a.socket)
	if err != nil {
		t.Fatal(err)
	}
	authv3.RegisterAuthorizationServer(a.server, a)
	var serving sync.WaitGroup
	serving.Go(func() { _ = a.server.Serve(listener) }) // ends with Stop
	t.Cleanup(func() {
		a.server.Stop()
		serving.Wait()
	})
	return a
}

// anotherAuthorizer returns the socket of one that allows everything, and calls every caller admin.
func anotherAuthorizer(t testing.TB) string {
	t.Helper()
	a := startAuthorizer(t)
	a.always(allow(set("x-postern-caller", "admin")))
	return a.socket
}

// Check is what Envoy calls.
func (a *authorizer) Check(ctx context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	a.mu.Lock()
	a.asked = append(a.asked, r)
	answer := a.answer
	a.mu.Unlock()
	return answer(ctx, r)
}

// reset brings back the answers that the type's comment describes.
func (a *authorizer) reset() { a.answers(webOutsideAdmin) }

// answers replaces what is said from now on.
func (a *authorizer) answers(f decision) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = f
}

// always is an answer that does not depend on the question.
func (a *authorizer) always(r *authv3.CheckResponse) {
	a.answers(func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) { return r, nil })
}

// find returns the questions about requests with this mark.
func (a *authorizer) find(mark string) []*authv3.CheckRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*authv3.CheckRequest
	for _, r := range a.asked {
		if slices.Contains(header(r, "x-case"), mark) {
			found = append(found, r)
		}
	}
	return found
}

// header returns the values of a header in either of Envoy's encodings.
func header(r *authv3.CheckRequest, name string) []string {
	request := r.GetAttributes().GetRequest().GetHttp()
	var all []string
	for _, h := range request.GetHeaderMap().GetHeaders() {
		if h.GetKey() == name {
			all = append(all, string(h.GetRawValue()))
		}
	}
	if value, ok := request.GetHeaders()[name]; ok {
		all = append(all, value)
	}
	return all
}

func webOutsideAdmin(_ context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	path := r.GetAttributes().GetRequest().GetHttp().GetPath()
	if r.GetAttributes().GetSource().GetPrincipal() != mesh.Web || strings.HasPrefix(path, "/admin") {
		return deny(), nil
	}
	return allow(), nil
}

func allow(headers ...*corev3.HeaderValueOption) *authv3.CheckResponse {
	ok := &authv3.OkHttpResponse{Headers: headers}
	return &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok}}
}

func deny(headers ...*corev3.HeaderValueOption) *authv3.CheckResponse {
	denied := &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: typev3.StatusCode_Forbidden}, Headers: headers}
	return &authv3.CheckResponse{Status: &status.Status{Code: 7}, HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: denied}}
}

func set(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, Value: value}}
}
