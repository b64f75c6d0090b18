package extauthz

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// maxTime is the longest that a check may take and still allow where Envoy sent no deadline
// (timeout: 0s). With one, Envoy's is the limit: an allow that it still waits for is as good as
// an early one.
const maxTime = time.Second

// Config is what a Server is made of. Every field is required.
type Config struct {
	Current *Current
	Records Records
	Metrics Metrics
	Log     *zap.Logger
	Now     func() time.Time
}

// Records keeps the record of every decision.
type Records interface {
	// Keep takes a record in, and reads all of it before it returns. It is false when the
	// record is not kept and must be: then nothing may be allowed. It returns within the deadline
	// of ctx.
	Keep(ctx context.Context, r *record.Record) bool
}

// Metrics counts.
type Metrics interface {
	Decided(d *policy.Decision, took time.Duration)
	Panicked()
}

// A Server answers checks. It is safe for concurrent use.
type Server struct {
	config   Config
	inFlight atomic.Int64
	behind   behind
	warned   atomic.Int64 // when the log was told last that checks are shed: in nanoseconds
	calls    calls
}

// New returns a server that refuses everything until Current holds a snapshot.
func New(c Config) *Server { return &Server{config: c} }

// Register adds the service to a gRPC server, which must use [Codec].
func (s *Server) Register(to grpc.ServiceRegistrar) {
	to.RegisterService(&grpc.ServiceDesc{
		ServiceName: authv3.Authorization_ServiceDesc.ServiceName,
		HandlerType: authv3.Authorization_ServiceDesc.HandlerType,
		Methods:     []grpc.MethodDesc{{MethodName: "Check", Handler: handle}},
		Metadata:    authv3.Authorization_ServiceDesc.Metadata,
	}, s)
}

// handle answers one request of a gRPC server. It never returns an error: an error would hand the
// verdict to Envoy's failure_mode_allow.
func handle(server any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) { //nolint:revive // grpc-go's order
	s := server.(*Server) //nolint:forcetypeassert // Register says so
	c := s.calls.take()
	if decode(&c.question) != nil { // another codec than ours
		c.question.clear()
	}
	s.answer(ctx, c)
	r := newReply(c.answer)
	s.calls.give(c)
	return r, nil
}

// Check answers one request that was decoded elsewhere. It never returns an error.
func (s *Server) Check(ctx context.Context, check *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	c := s.calls.take()
	c.question.read(check)
	s.answer(ctx, c)
	r := &authv3.CheckResponse{}
	if proto.Unmarshal(c.answer, r) != nil {
		r = &authv3.CheckResponse{Status: &rpc.Status{Code: int32(codes.PermissionDenied)}}
	}
	s.calls.give(c)
	return r, nil
}

// InFlight returns the number of checks under way.
func (s *Server) InFlight() int64 { return s.inFlight.Load() }

// answer decides a call and writes its answer, records and counts it.
func (s *Server) answer(ctx context.Context, c *call) {
	c.start, c.snapshot = s.config.Now(), s.config.Current.Load()
	defer s.guard(func() {
		c.deny(reason.Internal)
		c.refuse()
		s.config.Metrics.Decided(&c.decision, c.took)
	})
	defer s.inFlight.Add(-1)
	s.inFlight.Add(1)
	s.conclude(ctx, c)
	if !s.config.Records.Keep(ctx, c.record()) && c.decision.Allow {
		c.deny(reason.RecordUnavailable)
		c.refuse()
		s.config.Records.Keep(ctx, c.record())
	}
	s.config.Metrics.Decided(&c.decision, c.took)
}

// conclude has a call decided, and answers what was decided. A panic on the way is a refusal, which is
// recorded like any, and what comes too late or cannot be said is no allow.
func (s *Server) conclude(ctx context.Context, c *call) {
	defer s.guard(func() {
		c.deny(reason.Internal)
		c.refuse()
	})
	if !s.shed(ctx, c) {
		if decodesTwice {
			c.question.mustReadTwice()
		}
		c.decide(ctx)
	}
	c.took = s.config.Now().Sub(c.start)
	if c.decision.Allow && tooLate(ctx, c.took) {
		c.deny(reason.Deadline)
	}
	if c.decision.Allow {
		err := c.permit()
		if err == nil {
			return
		}
		c.deny(reason.Of(err))
		c.detail = err.Error()
	}
	c.refuse()
}

func tooLate(ctx context.Context, took time.Duration) bool {
	_, bounded := ctx.Deadline()
	return ctx.Err() != nil || !bounded && took > maxTime
}

// guard, deferred, recovers from a panic and calls then. It logs where it happened and not
// with what: the value of a panic may hold a part of the request.
func (s *Server) guard(then func()) {
	p := recover()
	if p == nil {
		return
	}
	then()
	s.config.Metrics.Panicked()
	fault := fmt.Sprintf("a value of type %T", p)
	if e, ok := p.(interface {
		error
		RuntimeError()
	}); ok {
		fault = e.Error()
	}
	s.config.Log.Error("a check panicked and was denied", zap.String("fault", fault), zap.ByteString("stack", debug.Stack()))
}
