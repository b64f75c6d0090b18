package overload_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/e2e/bench/overload"
)

// serve answers checks by answer on a socket, which it returns.
func serve(dir string, answer func(ctx context.Context, c *authv3.CheckRequest) (*authv3.CheckResponse, error)) (socket string, stop func(), err error) {
	socket = filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer()
	authv3.RegisterAuthorizationServer(s, server{answer: answer})
	go s.Serve(l) //nolint:errcheck // Stop ends it
	return socket, s.Stop, nil
}

type server struct {
	authv3.UnimplementedAuthorizationServer
	answer func(ctx context.Context, c *authv3.CheckRequest) (*authv3.CheckResponse, error)
}

func (s server) Check(ctx context.Context, c *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return s.answer(ctx, c)
}

func allow() *authv3.CheckResponse {
	return &authv3.CheckResponse{Status: &rpc.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{}}}
}

func deny(why string) *authv3.CheckResponse {
	return &authv3.CheckResponse{Status: &rpc.Status{Code: int32(codes.PermissionDenied)}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
		DeniedResponse: &authv3.DeniedHttpResponse{Status: &typev3.HttpStatus{Code: 503}, Body: `{"reason":"` + why + `"}`},
	}}
}

// ask is a question of which every second may be allowed. It is of many frames.
func ask(to []byte, n int) ([]byte, bool) {
	path := "/denied"
	if n%2 == 0 {
		path = "/allowed"
	}
	check, err := proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{Path: path, Body: strings.Repeat("b", 40_000)},
	}}})
	if err != nil {
		panic(err)
	}
	return append(to, check...), n%2 == 0
}

func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "overload") // short: a socket's path must fit into 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d) })
	return d
}

// open floods a server that answers so.
func open(t *testing.T, breaker int, deadline time.Duration, answer func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error)) *overload.Flood {
	t.Helper()
	socket, stop, err := serve(dir(t), answer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	f, err := overload.New(overload.Options{Socket: socket, Connections: 2, Deadline: deadline, Breaker: breaker, Question: ask})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// flood asks 100 checks of a server that answers so.
func flood(t *testing.T, breaker int, deadline time.Duration, answer func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error)) (*overload.Tally, error) {
	t.Helper()
	f := open(t, breaker, deadline, answer)
	tally, err := f.Run(t.Context(), 1000, 100*time.Millisecond)
	if err != nil {
		return nil, err
	}
	return tally, f.Drain()
}

// TestOutcomes: every check is counted once, as what became of it.
func TestOutcomes(t *testing.T) {
	const long = 5 * time.Second // Drain waits so long
	for name, tc := range map[string]struct {
		breaker  int
		deadline time.Duration
		answer   func(ctx context.Context, c *authv3.CheckRequest) (*authv3.CheckResponse, error)
		want     map[overload.Outcome]int
	}{
		"decided": {1000, long, func(_ context.Context, c *authv3.CheckRequest) (*authv3.CheckResponse, error) {
			if c.GetAttributes().GetRequest().GetHttp().GetPath() == "/allowed" {
				return allow(), nil
			}
			return deny("not_granted"), nil
		}, map[overload.Outcome]int{overload.Allowed: 50, overload.Denied: 50}},
		"shed": {1000, long, func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
			return deny("overloaded"), nil
		}, map[overload.Outcome]int{overload.Shed: 100}},
		"an RPC error": {1000, long, func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
			return nil, status.Error(codes.Unavailable, "gone")
		}, map[overload.Outcome]int{overload.Failed: 100}},
		"never answered": {7, time.Second, func(ctx context.Context, _ *authv3.CheckRequest) (*authv3.CheckResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, map[overload.Outcome]int{overload.Late: 7, overload.Held: 93}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := flood(t, tc.breaker, tc.deadline, tc.answer)
			if err != nil {
				t.Fatal(err)
			}
			for as, n := range got.Counts {
				if n != tc.want[overload.Outcome(as)] {
					t.Errorf("outcome %d: %d checks, want %d", as, n, tc.want[overload.Outcome(as)])
				}
			}
			if got.Offered != 100 {
				t.Errorf("%d were asked", got.Offered)
			}
		})
	}
}

// TestWrongAllow: what Envoy takes for an allow is one, and an error where none may be.
func TestWrongAllow(t *testing.T) {
	for name, answer := range map[string]*authv3.CheckResponse{"allow": allow(), "nothing": {}, "a denied response without a status": {HttpResponse: deny("x").HttpResponse}} {
		if _, err := flood(t, 1000, time.Second, func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) { return answer, nil }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestNoRate: no check a second is an error, and no flood without an end.
func TestNoRate(t *testing.T) {
	f := open(t, 1000, time.Second, func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) { return allow(), nil })
	if _, err := f.Run(t.Context(), 0, time.Second); err == nil {
		t.Error("no error")
	}
}

func TestNoServer(t *testing.T) {
	if _, err := overload.New(overload.Options{Socket: filepath.Join(dir(t), "none"), Connections: 1}); err == nil {
		t.Error("it connected")
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "overload")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	socket, stop, err := serve(dir, func(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
		return deny("overloaded"), nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	f, err := overload.New(overload.Options{Socket: socket, Connections: 1, Deadline: time.Second, Breaker: 1024, Question: ask})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	tally, err := f.Run(context.Background(), 100, 100*time.Millisecond)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Drain(), tally.Offered, "asked,", tally.Counts[overload.Shed], "shed")
	// Output: <nil> 10 asked, 10 shed
}
