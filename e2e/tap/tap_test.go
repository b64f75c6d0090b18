package tap_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/tap"
)

// authority allows GET, refuses POST and fails on the rest.
type authority struct {
	authv3.UnimplementedAuthorizationServer
}

func (authority) Check(_ context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	switch r.GetAttributes().GetRequest().GetHttp().GetMethod() {
	case "GET":
		return &authv3.CheckResponse{}, nil
	case "POST":
		return &authv3.CheckResponse{Status: &rpc.Status{Code: 7}}, nil
	default:
		return nil, errors.New("no")
	}
}

func TestWhatWasAskedAndAnsweredIsKept(t *testing.T) {
	dir := postern.Dir(t)
	listener, err := net.Listen("unix", filepath.Join(dir, "authz.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	authv3.RegisterAuthorizationServer(server, authority{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	tapped := tap.Start(t, dir, listener.Addr().String())
	conn, err := grpc.NewClient("unix://"+tapped.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for method, allowed := range map[string]bool{"GET": true, "POST": false, "PUT": false} {
		joined := &authv3.AttributeContext_HttpRequest{Method: method, Headers: map[string]string{"x-case": "joined " + method}}
		raw := &authv3.AttributeContext_HttpRequest{Method: method, HeaderMap: &corev3.HeaderMap{
			Headers: []*corev3.HeaderValue{{Key: "x-case", RawValue: []byte("raw")}, {Key: "x-case", RawValue: []byte("raw " + method)}},
		}}
		for _, http := range []*authv3.AttributeContext_HttpRequest{joined, raw} {
			_, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), &authv3.CheckRequest{
				Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: http}},
			})
			if (err != nil) != (method == "PUT") {
				t.Errorf("%s: %v", method, err)
			}
		}
		for _, mark := range []string{"joined " + method, "raw " + method} {
			got := tapped.Find("x-case", mark)
			if len(got) != 1 || got[0].Allowed() != allowed || !slices.Contains(got[0].Header("x-case"), mark) {
				t.Errorf("%s: %v", mark, got)
			}
		}
	}
	if got := tapped.Find("x-case", "nothing"); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}
