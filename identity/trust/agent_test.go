package trust_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/trust"
)

// An agent is a small Workload API on a Unix socket that says what it is told to.
type agent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	t    *testing.T
	path string

	mu      sync.Mutex
	server  *grpc.Server
	answer  *workload.X509SVIDResponse
	fail    error // nil: answer; errClean: end the stream without an error
	changed chan struct{}
}

func newAgent(t *testing.T) *agent {
	a := &agent{t: t, path: filepath.Join(t.TempDir(), "agent.sock"), changed: make(chan struct{})}
	t.Cleanup(a.stop)
	return a
}

func (a *agent) start() {
	a.t.Helper()
	listener, err := net.Listen("unix", a.path)
	if err != nil {
		a.t.Fatal(err)
	}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, a)
	a.mu.Lock()
	a.server = server
	a.mu.Unlock()
	go func() { _ = server.Serve(listener) }() // ends with stop
}

// stop breaks every stream, as an agent that is killed does.
func (a *agent) stop() {
	a.mu.Lock()
	server := a.server
	a.server = nil
	a.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

// say sends an update to every stream; refuse ends each with an error, and keeps doing so.
func (a *agent) say(answer *workload.X509SVIDResponse) { a.set(answer, nil) }
func (a *agent) refuse(code codes.Code, text string)   { a.set(nil, status.Error(code, text)) }

// errClean stands for the end of a stream with code OK.
var errClean = errors.New("a clean end")

// end ends every stream with the code, OK included.
func (a *agent) end(code codes.Code) {
	if code == codes.OK {
		a.set(nil, errClean)
		return
	}
	a.refuse(code, strings.Repeat("over", 1000))
}

func (a *agent) set(answer *workload.X509SVIDResponse, fail error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer, a.fail = answer, fail
	close(a.changed)
	a.changed = make(chan struct{})
}

// FetchX509SVID is part of the Workload API.
func (a *agent) FetchX509SVID(_ *workload.X509SVIDRequest, stream workload.SpiffeWorkloadAPI_FetchX509SVIDServer) error {
	if md, _ := metadata.FromIncomingContext(stream.Context()); len(md.Get("workload.spiffe.io")) != 1 {
		return status.Error(codes.InvalidArgument, "security header missing")
	}
	for {
		a.mu.Lock()
		answer, fail, changed := a.answer, a.fail, a.changed
		a.mu.Unlock()
		if fail != nil {
			if errors.Is(fail, errClean) {
				return nil
			}
			return fail
		}
		if answer != nil {
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// update is an answer of the agent: SVIDs of ca, and bundles of the federated.
func update(t *testing.T, ca *mint.CA, svids []*mint.SVID, federated ...*mint.CA) *workload.X509SVIDResponse {
	t.Helper()
	r := &workload.X509SVIDResponse{FederatedBundles: map[string][]byte{}}
	for _, s := range svids {
		key, err := x509.MarshalPKCS8PrivateKey(s.Key)
		if err != nil {
			t.Fatal(err)
		}
		r.Svids = append(r.Svids, &workload.X509SVID{
			SpiffeId: s.Leaf().URIs[0].String(), X509Svid: s.Leaf().Raw, X509SvidKey: key, Bundle: ca.Certificate().Raw,
		})
	}
	for _, f := range federated {
		r.FederatedBundles[f.TrustDomain().IDString()] = f.Certificate().Raw
	}
	return r
}

// A clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A post is a WorkloadAPI that runs against an agent.
type post struct {
	t      *testing.T
	agent  *agent
	clock  *clock
	api    *trust.WorkloadAPI
	states chan trust.State
	last   trust.State
}

func newPost(t *testing.T, a *agent, config trust.WorkloadAPIConfig) *post {
	t.Helper()
	p := &post{t: t, agent: a, clock: &clock{now: noon}, states: make(chan trust.State, 1000)}
	config.Addr, config.MaxAge, config.Now = "unix://"+a.path, maxAge, p.clock.Now
	api, err := trust.NewWorkloadAPI(config)
	if err != nil {
		t.Fatal(err)
	}
	p.api = api
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- api.Run(ctx, func(s trust.State) { p.states <- s }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		for len(p.states) > 0 {
			if s := <-p.states; strings.Contains(strings.Join(append(s.Problems, s.Missing...), " "), "cancel") {
				t.Errorf("our own end was reported as a fault: %q %q", s.Problems, s.Missing)
			}
		}
	})
	return p
}

// wait returns the next state for which ok holds.
func (p *post) wait(what string, ok func(trust.State) bool) trust.State {
	p.t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case s := <-p.states:
			if s.Equal(p.last) && len(p.last.Missing) > 0 {
				p.t.Fatalf("pushed %+v again", s)
			}
			p.last = s
			if ok(s) {
				return s
			}
		case <-deadline:
			p.t.Fatalf("not within a minute: %s; last %+v", what, p.last)
		}
	}
}

func ready(s trust.State) bool { return len(s.Missing)+len(s.Problems) == 0 && s.Bundles.Len() > 0 }

func self(id string) func(trust.State) bool {
	return func(s trust.State) bool { return s.Self == spiffeid.RequireFromString(id) && len(s.Missing) == 0 }
}

func troubled(s trust.State) bool { return len(s.Problems) > 0 }
func missing(s trust.State) bool  { return len(s.Missing) > 0 }
