package e2e_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
)

// A callee is a real gRPC service that keeps the metadata of its calls.
type callee struct {
	*health.Server
	calls chan metadata.MD
}

func (c callee) Check(ctx context.Context, r *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.calls <- md
	return c.Server.Check(ctx, r)
}

// startCallee serves grpc.health.v1.Health until the test ends, and returns its port.
func startCallee(t *testing.T) (callee, int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := callee{health.NewServer(), make(chan metadata.MD, 100)}
	server := grpc.NewServer()
	healthv1.RegisterHealthServer(server, c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return c, listener.Addr().(*net.TCPAddr).Port
}

func connect(t *testing.T, m *mesh.Mesh, as string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+m.Addr, grpc.WithTransportCredentials(credentials.NewTLS(m.As(as))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A call is one unary call and its outcome.
type call struct {
	name   string
	as     string
	method string
	md     []string
	want   codes.Code
	reason string
}

func calls(m *mesh.Mesh) []call {
	good := []string{"authorization", "Bearer " + m.Token()}
	with := func(edit func(map[string]any)) []string { return []string{"authorization", "Bearer " + m.Token(edit)} }
	const check = healthv1.Health_Check_FullMethodName
	return []call{
		{"granted", mesh.Web, check, good, codes.OK, ""},
		{"no token", mesh.Web, check, nil, codes.Unauthenticated, "credential_missing"},
		{"a bad token", mesh.Web, check, []string{"authorization", "Bearer x"}, codes.Unauthenticated, "token_malformed"},
		{"step-up", mesh.Web, "/pay.Service/Call", good, codes.Unauthenticated, "step_up_required"},
		{"too few scopes", mesh.Web, check, with(mint.Set("scope", "x")), codes.PermissionDenied, "not_granted"},
		{"another caller", mesh.Batch, check, good, codes.PermissionDenied, "caller_not_granted"},
		{"no such method", mesh.Web, "/grpc.health.v1.Health/List", good, codes.PermissionDenied, "no_route"},
		{"no such service", mesh.Web, "/other.Service/Call", good, codes.PermissionDenied, "no_route"},
		{"not canonical", mesh.Web, "/grpc.health.v1.Health//Check", good, codes.PermissionDenied, "bad_path"},
		{"keys not to be had", mesh.Web, "/dead.Service/Call", []string{"x-dead", m.Token(mint.Set("iss", "https://dead.test/"))},
			codes.Unavailable, "keys_unavailable"},
	}
}

// TestGRPCClientsSeeGRPCStatuses asks with a real client, as application/grpc and with a subtype.
func TestGRPCClientsSeeGRPCStatuses(t *testing.T) {
	t.Parallel()
	service, port := startCallee(t)
	routes := shopRoutes + `  - {name: dead, grpc: {service: dead.Service, methods: [Call]}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: dead-idp}}]}
  - {name: pay-call, grpc: {service: pay.Service, methods: [Call]}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: shop-idp, acr: mfa}}]}
`
	m := shop(t, mesh.Setup{
		Policies: map[string]string{"orders.yaml": mesh.Policy(routes), "idp.yaml": mesh.Provider, "dead.yaml": deadProvider},
		Gate:     mesh.Gate{Upstream: port, UpstreamHTTP2: true, AsSent: true},
	})
	waitForKeys(t, m)
	for _, c := range calls(m) {
		t.Run(c.name, func(t *testing.T) { c.check(t, m, service, "") })
		t.Run(c.name+", subtype", func(t *testing.T) { c.check(t, m, service, "proto") })
	}
}

func (c call) check(t *testing.T, m *mesh.Mesh, service callee, subtype string) {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), c.md...), 10*time.Second)
	defer cancel()
	err := connect(t, m, c.as).Invoke(ctx, c.method, &healthv1.HealthCheckRequest{}, &healthv1.HealthCheckResponse{}, grpc.CallContentSubtype(subtype))
	if status.Code(err) != c.want || err != nil && !strings.Contains(err.Error(), `"reason":"`+c.reason+`"`) {
		t.Errorf("got %v, want %v %s", err, c.want, c.reason)
	}
	if c.want != codes.OK {
		if n := len(service.calls); n != 0 {
			t.Errorf("%d calls got in", n)
		}
		return
	}
	md := <-service.calls
	if !slices.Equal(md["x-postern-caller"], []string{c.as}) || !slices.Equal(md["x-postern-user"], []string{mint.Subject}) {
		t.Errorf("the service was told %v", md)
	}
}

// TestAGRPCStreamIsDecidedAtItsStart holds a stream open: it is checked once, and a refusal ends it
// before its first message.
func TestAGRPCStreamIsDecidedAtItsStart(t *testing.T) {
	t.Parallel()
	service, port := startCallee(t)
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Upstream: port, UpstreamHTTP2: true}})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+m.Token())
	stream, err := healthv1.NewHealthClient(connect(t, m, mesh.Web)).Watch(ctx, &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []healthv1.HealthCheckResponse_ServingStatus{healthv1.HealthCheckResponse_SERVING, healthv1.HealthCheckResponse_NOT_SERVING} {
		service.SetServingStatus("", want)
		eventuallyReceives(t, stream, want)
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.ok"); n != 1 {
		t.Errorf("%d checks for one stream", n)
	}
	denied, err := healthv1.NewHealthClient(connect(t, m, mesh.Batch)).Watch(ctx, &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := denied.Recv(); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a stream that is not granted: %v", err)
	}
}

func eventuallyReceives(t *testing.T, stream grpc.ServerStreamingClient[healthv1.HealthCheckResponse], want healthv1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	for range 3 { // the status at the start may come first
		got, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got.Status == want {
			return
		}
	}
	t.Errorf("never received %v", want)
}
