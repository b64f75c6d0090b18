package extauthz_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/tap"
	"google.golang.org/grpc/test/bufconn"

	"github.com/postern/postern/extauthz"
)

// arrive returns the context of a check that arrives now, with Envoy's timeout; 0 for none.
func arrive(t *testing.T, w *world, timeout time.Duration) context.Context {
	t.Helper()
	ctx := t.Context()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, w.now.Add(timeout))
		t.Cleanup(cancel)
	}
	ctx, err := w.Arrive(ctx, &tap.Info{})
	if err != nil {
		t.Fatalf("an RPC error would be an allow by failure_mode_allow: %v", err)
	}
	return ctx
}

// begin asks a check that arrived before and begins after a wait. The clock goes on.
func begin(ctx context.Context, t *testing.T, w *world, wait time.Duration, c *authv3.CheckRequest) *authv3.CheckResponse {
	t.Helper()
	w.now = w.now.Add(wait)
	r, err := w.Check(ctx, c)
	if err != nil {
		t.Fatalf("an RPC error would be an allow by failure_mode_allow: %v", err)
	}
	return r
}

// TestWaitedTooLong is at which wait a check is shed, when all those before have waited as long.
func TestWaitedTooLong(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		timeout, wait time.Duration
		shed          bool
	}{
		"none":                            {time.Hour, 0, false},
		"the most":                        {time.Hour, 25 * ms, false},
		"more":                            {time.Hour, 25*ms + 1, true},
		"the most without a deadline":     {0, 25 * ms, false},
		"more without a deadline":         {0, 25*ms + 1, true},
		"an eighth of a short deadline":   {40 * ms, 5 * ms, false},
		"more than an eighth of it":       {40 * ms, 5*ms + 1, true},
		"an eighth of Envoy's by default": {200 * ms, 25 * ms, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.now = w.now.Add(time.Hour) // no deadline passes by the machine's own clock
			c := check(t, w, "")
			var r *authv3.CheckResponse
			for range 60 {
				r = begin(arrive(t, w, tc.timeout), t, w, tc.wait, c)
			}
			if !tc.shed && !allowed(r) {
				t.Errorf("refused: %v", r)
			}
			if tc.shed {
				wantReason(t, r, "overloaded")
			}
		})
	}
}

// TestOverloadBeginsAndEnds: a few checks that waited are decided, the next are shed and recorded, what has
// not waited is decided all the while, and when enough have not nothing is shed any more.
func TestOverloadBeginsAndEnds(t *testing.T) {
	const long = 30 * time.Millisecond
	w := newWorld(t)
	c := check(t, w, "")
	ask := func(wait time.Duration) *authv3.CheckResponse { return begin(arrive(t, w, 0), t, w, wait, c) }
	for n := range 36 {
		if r := ask(long); !allowed(r) {
			t.Fatalf("%d have waited, and the machine may just have stood still: %v", n+1, r)
		}
	}
	for range 100 {
		wantReason(t, ask(long), "overloaded")
	}
	r := w.last(t)
	if r.Decision.Allow || r.Decision.Reason.String() != "overloaded" || r.Detail == "" || len(r.RequestID) != 36 {
		t.Errorf("recorded %+v", r)
	}
	for n := range 33 {
		if r := ask(0); !allowed(r) {
			t.Fatalf("the %dth that did not wait: %v", n+1, r)
		}
	}
	if r := ask(long); !allowed(r) {
		t.Errorf("after the overload: %v", r)
	}
}

// TestTheLogIsTold once of an overload, and again when it goes on.
func TestTheLogIsTold(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	w := newWorld(t)
	now := time.Now().Add(time.Hour)
	s := extauthz.New(extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.New(core), Now: func() time.Time { return now }})
	c := check(t, w, "")
	for _, want := range []int{1, 2} {
		for range 100 {
			ctx, err := s.Arrive(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(30 * time.Millisecond)
			if _, err := s.Check(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		if got := logs.Len(); got != want {
			t.Errorf("the log was told %d times, want %d", got, want)
		}
		now = now.Add(11 * time.Second)
	}
}

// TestABurstIsDecided: many checks that arrive at once wait, and those of others among them, but they are in
// time; however often that happens. One that lasts longer is shed.
func TestABurstIsDecided(t *testing.T) {
	w := newWorld(t)
	c := check(t, w, "")
	burst := func(lasts time.Duration) (shed int) {
		const size = 1000
		var waiting []context.Context
		for range size {
			waiting = append(waiting, arrive(t, w, 0))
		}
		for _, ctx := range waiting {
			if !allowed(begin(ctx, t, w, lasts/size, c)) {
				shed++
			}
		}
		return shed
	}
	for n := range 10 {
		if shed := burst(110 * time.Millisecond); shed > 0 {
			t.Errorf("%d of burst %d were shed", shed, n+1)
		}
		w.now = w.now.Add(300 * time.Millisecond)
	}
	if shed := burst(400 * time.Millisecond); shed < 500 {
		t.Errorf("%d of a long one were shed", shed)
	}
}

// TestShedLetsNothingIn: what is denied when there is time is denied when there is none, by whatever reason.
func TestShedLetsNothingIn(t *testing.T) {
	w := newWorld(t)
	for range 40 {
		for _, c := range []*authv3.CheckRequest{nil, {}, check(t, w, "", setPath("/orders/1")), check(t, w, web, setPath("/elsewhere"))} {
			if r := begin(arrive(t, w, 0), t, w, time.Second, c); allowed(r) {
				t.Fatalf("%v was let in: %v", c, r)
			}
		}
	}
}

// TestGivenUp: nothing is decided for whom nobody waits any more.
func TestGivenUp(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantReason(t, begin(ctx, t, w, 0, check(t, w, "")), "deadline")
	if w.last(t).Detail == "" {
		t.Error("the record does not say why")
	}
}

// TestOverloadedServer is a whole gRPC server that falls behind and catches up: checks have arrived and
// wait for their turn, which comes after the clock went on.
func TestOverloadedServer(t *testing.T) {
	w := newWorld(t)
	arrived := make(chan struct{}, 1)
	server := grpc.NewServer(grpc.ForceServerCodecV2(extauthz.Codec()), grpc.InTapHandle(func(ctx context.Context, i *tap.Info) (context.Context, error) {
		ctx, err := w.Arrive(ctx, i)
		arrived <- struct{}{}
		return ctx, err
	}))
	w.Register(server)
	listener := bufconn.Listen(1 << 20)
	go server.Serve(listener) //nolint:errcheck // Stop ends it
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:bufconn", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := check(t, w, "")
	ask := func(wait time.Duration) *authv3.CheckResponse {
		stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, authv3.Authorization_Check_FullMethodName)
		if err != nil {
			t.Fatal(err)
		}
		<-arrived
		w.mu.Lock()
		w.now = w.now.Add(wait)
		w.mu.Unlock()
		r := &authv3.CheckResponse{}
		if err := errors.Join(stream.SendMsg(c), stream.CloseSend(), stream.RecvMsg(r)); err != nil {
			t.Fatalf("an RPC error would be an allow by failure_mode_allow: %v", err)
		}
		return r
	}
	var r *authv3.CheckResponse
	for range 40 {
		r = ask(100 * time.Millisecond)
	}
	wantReason(t, r, "overloaded")
	if r.GetDeniedResponse().GetStatus().GetCode() != http.StatusServiceUnavailable {
		t.Error(r)
	}
	for range 33 {
		if r = ask(0); !allowed(r) {
			t.Errorf("it is in time: %v", r)
		}
	}
	if r = ask(100 * time.Millisecond); !allowed(r) {
		t.Errorf("after the overload: %v", r)
	}
}

// BenchmarkShed is what every check pays for it.
func BenchmarkShed(b *testing.B) {
	w := newWorld(b)
	s := extauthz.New(extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.NewNop(), Now: time.Now})
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		arrived, err := s.Arrive(ctx, nil)
		if err != nil || s.Shed(arrived) {
			b.Fatal("refused")
		}
	}
}
