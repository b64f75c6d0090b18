package extauthz

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/policy"
)

// maxInFlight bounds the checks under way at once; more are refused at once. A decision waits
// for nothing, so this many are only ever under way when the machine is far behind.
const maxInFlight = 4096

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
	// Keep takes a record in. It is false when the record is not kept and must be: then
	// nothing may be allowed. It returns within the deadline of ctx.
	Keep(ctx context.Context, r record.Record) bool
}

// Metrics counts.
type Metrics interface {
	Decided(d *policy.Decision, took time.Duration)
	Panicked()
}

// A Server answers checks. It is safe for concurrent use.
type Server struct {
	authv3.UnimplementedAuthorizationServer
	config   Config
	inFlight atomic.Int64
}

// New returns a server that refuses everything until Current holds a snapshot.
func New(c Config) *Server { return &Server{config: c} }

// Register adds the service to a gRPC server, which must use [Codec].
func (s *Server) Register(to grpc.ServiceRegistrar) { authv3.RegisterAuthorizationServer(to, s) }

// InFlight returns the number of checks under way.
func (s *Server) InFlight() int64 { return s.inFlight.Load() }

// Check answers one request. It never returns an error: an error would hand the verdict to
// Envoy's failure_mode_allow.
func (s *Server) Check(ctx context.Context, check *authv3.CheckRequest) (response *authv3.CheckResponse, _ error) {
	o := outcome{start: s.config.Now(), snapshot: s.config.Current.Load()}
	defer s.guard(func() {
		o.deny(reason.Internal)
		response = refusal(&o.request, &o.decision)
		s.config.Metrics.Decided(&o.decision, o.took)
	})
	defer s.inFlight.Add(-1)
	overloaded := s.inFlight.Add(1) > maxInFlight
	response = s.answer(ctx, check, &o, overloaded)
	if !s.config.Records.Keep(ctx, o.record()) && o.decision.Allow {
		o.deny(reason.RecordUnavailable)
		response = refusal(&o.request, &o.decision)
		s.config.Records.Keep(ctx, o.record())
	}
	s.config.Metrics.Decided(&o.decision, o.took)
	return response, nil
}

// answer decides, and answers what was decided. A panic on the way is a refusal, which is
// recorded like any, and what comes too late or cannot be said is no allow.
func (s *Server) answer(ctx context.Context, check *authv3.CheckRequest, o *outcome, overloaded bool) (response *authv3.CheckResponse) {
	defer s.guard(func() {
		o.deny(reason.Internal)
		response = refusal(&o.request, &o.decision)
	})
	if overloaded {
		o.request.ID, o.decision.Reason = newID(), reason.Overloaded
	} else {
		o.decide(check)
	}
	o.took = s.config.Now().Sub(o.start)
	if o.decision.Allow && tooLate(ctx, o.took) {
		o.deny(reason.Deadline)
	}
	if o.decision.Allow {
		allow, err := permission(&o.request, o.snapshot)
		if err == nil {
			return allow
		}
		o.deny(reason.Of(err))
		o.detail = err.Error()
	}
	return refusal(&o.request, &o.decision)
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

// An outcome is one check on its way from request to decision.
type outcome struct {
	start    time.Time
	snapshot *Snapshot
	request  policy.Request
	decision policy.Decision
	cut      cut
	detail   string // what is wrong, for the operator
	took     time.Duration
}

// decide is the whole way: canonicalise, caller, user, policy.
func (o *outcome) decide(check *authv3.CheckRequest) {
	defer o.nameCut()
	if !o.snapshot.complete() {
		o.request.ID = newID()
		o.decision.Reason = reason.NotReady
		return
	}
	q := &o.request
	var err error
	if *q, err = canonical(check, o.start); err != nil {
		o.refuse(err)
		return
	}
	if err := o.destination(check); err != nil {
		o.refuse(err)
		return
	}
	if err := o.caller(check); err != nil {
		o.refuse(err)
		return
	}
	m := o.snapshot.Policy.Match(q)
	if from := m.Providers(); len(from) > 0 {
		q.Credential = o.snapshot.Users.Authenticate(from, q.Headers, q.Time, q.Caller)
		o.cutUser()
	}
	o.decision = m.Decide(q)
	if c := q.Credential; c.Cause != nil && c.Reason == o.decision.Reason {
		o.detail = c.Cause.Error()
	}
}

// destination makes sure that Envoy speaks for the workload that is protected here.
func (o *outcome) destination(check *authv3.CheckRequest) error {
	named := check.GetAttributes().GetDestination().GetPrincipal()
	if named != "" && named != o.snapshot.Policy.Workload() {
		return reason.Errorf(reason.WrongDestination, "Envoy's own certificate is of another workload than %s", o.snapshot.Policy.Workload())
	}
	return nil
}

// caller verifies the certificate on the other end of the connection, and that it is not cut off.
func (o *outcome) caller(check *authv3.CheckRequest) (err error) {
	source := check.GetAttributes().GetSource()
	p := svid.Presented{Principal: source.GetPrincipal(), Certificate: source.GetCertificate()}
	switch forwarded := o.request.Headers.Values("x-forwarded-client-cert"); len(forwarded) {
	case 0:
	case 1:
		p.Forwarded = forwarded[0]
	default:
		return reason.Errorf(reason.BadHeader, "there is more than one x-forwarded-client-cert")
	}
	if o.request.Caller, err = o.snapshot.Callers.Verify(p, o.request.Time); err != nil {
		return err
	}
	return o.cutCaller()
}

func (o *outcome) refuse(err error) {
	o.decision = policy.Decision{Reason: reason.Of(err)}
	o.detail = err.Error()
}

// deny puts a refusal in place of whatever was decided.
func (o *outcome) deny(why reason.Code) {
	o.decision.Allow, o.decision.Reason = false, why
	o.decision.Rule, o.decision.RuleName = policy.Position{}, ""
}

func (o *outcome) record() record.Record {
	r := record.Record{
		Time: o.start, RequestID: o.request.ID, Decision: o.decision, Caller: o.request.Caller,
		User: o.user(), Method: o.request.Method.String(), Host: o.request.Host.String(),
		Latency: o.took, Detail: o.detail,
	}
	if o.snapshot != nil {
		r.PolicyDigest, r.RevocationDigest = o.snapshot.Digest, o.snapshot.RevokedDigest
	}
	return r
}
