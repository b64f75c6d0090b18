package subject

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz/socket"
)

// A Kind of server that allows everything.
type Kind string

// The kinds.
const (
	Plain Kind = "plain" // generated code and the defaults of grpc-go: the no-op
	Floor Kind = "floor" // bytes in, fixed bytes out, and the best settings known
	Least Kind = "least" // the floor with Postern's sockets, and on one thread of Go's
)

// Serve allows everything on a Unix socket until ctx is done.
func Serve(ctx context.Context, kind Kind, at string) error {
	var s *grpc.Server
	switch kind {
	case Plain:
		s = grpc.NewServer()
		authv3.RegisterAuthorizationServer(s, yes{})
	case Floor, Least:
		debug.SetGCPercent(400)
		var err error
		if s, err = floor(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no server of the kind %q: there are %s, %s and %s", kind, Plain, Floor, Least)
	}
	l, err := net.Listen("unix", at)
	if err != nil {
		return err
	}
	if kind == Least {
		runtime.GOMAXPROCS(1)
		l = socket.Direct(l)
	}
	context.AfterFunc(ctx, s.Stop)
	return s.Serve(l)
}

type yes struct {
	authv3.UnimplementedAuthorizationServer
}

func (yes) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return allow(), nil
}

func allow() *authv3.CheckResponse {
	return &authv3.CheckResponse{
		Status:       &rpc.Status{},
		HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{}},
	}
}

// window is more than a connection ever has under way, so that no window moves and grpc-go
// sends no ping to find its size.
const window = 1 << 20

// floor is what is left of a server when it neither reads the question nor makes the answer.
// Larger buffers, more workers and a GC percentage beyond 400 made no difference that could be
// told from noise; shared write buffers are grpc-go's default.
func floor() (*grpc.Server, error) {
	answer, err := proto.Marshal(allow())
	if err != nil {
		return nil, err
	}
	s := grpc.NewServer(
		grpc.ForceServerCodecV2(fixed{mem.BufferSlice{mem.SliceBuffer(answer)}}),
		grpc.StaticStreamWindowSize(window), grpc.StaticConnWindowSize(4*window),
		grpc.NumStreamWorkers(uint32(8*runtime.GOMAXPROCS(0))),
	)
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: authv3.Authorization_ServiceDesc.ServiceName,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Check", Handler: func(_ any, _ context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			return struct{}{}, read(nil) // grpc-go asks no codec for a nil answer
		}}},
	}, nil)
	return s, nil
}

// fixed is a codec that always writes the same. It has the bytes of the question in one piece,
// as every server that reads them must, from the pool, and looks at none.
type fixed struct{ answer mem.BufferSlice }

func (fixed) Name() string                           { return "proto" }
func (f fixed) Marshal(any) (mem.BufferSlice, error) { return f.answer, nil }

func (fixed) Unmarshal(question mem.BufferSlice, _ any) error {
	question.MaterializeToBuffer(mem.DefaultBufferPool()).Free()
	return nil
}
