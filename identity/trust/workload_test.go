package trust_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc/codes"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/trust"
)

const (
	orders = "spiffe://shop.test/ns/shop/sa/orders"
	mobile = "spiffe://shop.test/ns/shop/sa/mobile"
)

// shopAt is a CA of shop.test that lives long after noon.
func shopAt(t *testing.T) *mint.CA {
	return minttest.CA(t, "shop.test", mint.Now(noon), mint.Lifetime(365*24*time.Hour))
}

func svidOf(t *testing.T, ca *mint.CA, id string) []*mint.SVID {
	return []*mint.SVID{minttest.SVID(t, ca, id, mint.Lifetime(24*time.Hour))}
}

func TestNewWorkloadAPI(t *testing.T) {
	for _, tc := range []struct {
		name, addr, env string
		age             time.Duration
		want            string
	}{
		{"unix", "unix:///run/agent.sock", "", time.Hour, ""},
		{"tcp", "tcp://127.0.0.1:8081", "", time.Hour, ""},
		{"environment", "", "unix:///run/agent.sock", time.Hour, ""},
		{"flag before environment", "unix:///run/agent.sock", "garbage", time.Hour, ""},
		{"none", "", "", time.Hour, "SPIFFE_ENDPOINT_SOCKET"},
		{"a bare path", "/run/agent.sock", "", time.Hour, "unix:///run"},
		{"a host name", "tcp://localhost:8081", "", time.Hour, "tcp://127.0.0.1"},
		{"bad environment", "", "garbage", time.Hour, "garbage"},
		{"no age", "unix:///run/agent.sock", "", 0, "positive"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("SPIFFE_ENDPOINT_SOCKET", tc.env)
			if tc.env == "" {
				os.Unsetenv("SPIFFE_ENDPOINT_SOCKET")
			}
			api, err := trust.NewWorkloadAPI(trust.WorkloadAPIConfig{Addr: tc.addr, MaxAge: tc.age})
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if own, err := api.GetX509SVID(); err == nil {
					t.Errorf("an SVID before Run: %v", own)
				}
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestUpdates(t *testing.T) {
	shop, next, partner := shopAt(t), shopAt(t), minttest.CA(t, "partner.test", mint.Now(noon))
	a := newAgent(t)
	a.start()
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	s := p.wait("a state at once", missing)
	if s.Bundles.Len() != 0 || !s.Self.IsZero() || len(s.Lacks(noon)) != 1 || !strings.Contains(s.Missing[0], "has not answered yet") {
		t.Fatalf("%+v before the agent said anything", s)
	}
	if _, err := p.api.GetX509SVID(); err == nil {
		t.Fatal("an SVID before the agent said anything")
	}

	first := svidOf(t, shop, orders)
	a.say(update(t, shop, first, partner))
	s = p.wait("the first update", ready)
	if s.Self.String() != orders || !s.SelfExpires.Equal(first[0].Leaf().NotAfter) || s.Bundles.Len() != 2 {
		t.Fatalf("got %+v", s)
	}
	bundles := s.Bundles

	rotated := []*mint.SVID{minttest.SVID(t, shop, orders, mint.Lifetime(25*time.Hour))}
	a.say(update(t, shop, rotated, partner))
	s = p.wait("our own SVID, rotated", ready)
	if s.Bundles != bundles || !s.SelfExpires.Equal(rotated[0].Leaf().NotAfter) {
		t.Errorf("the bundles changed with our own SVID, or that did not: %+v", s)
	}

	before, twin := s.SelfDigest, []*mint.SVID{minttest.SVID(t, shop, orders, mint.Lifetime(25*time.Hour))}
	a.say(update(t, shop, twin, partner))
	s = p.wait("our own SVID, renewed until the same time", func(s trust.State) bool { return s.SelfDigest != before })
	if own, err := p.api.GetX509SVID(); err != nil || !own.Certificates[0].Equal(twin[0].Leaf()) {
		t.Errorf("GetX509SVID has not the one that was pushed: %v", err)
	}

	a.say(update(t, shop, svidOf(t, shop, orders)))
	s = p.wait("the partner, dropped", func(s trust.State) bool { return s.Bundles.Len() == 1 })
	if s.Bundles.Domains()[0].Name != "shop.test" {
		t.Fatalf("got %+v", s.Bundles.Domains())
	}

	a.say(update(t, next, svidOf(t, next, orders)))
	s = p.wait("another root", func(s trust.State) bool { return verdict(t, s, next, noon) == reason.Allowed })
	if got := verdict(t, s, shop, noon); got != reason.CertificateUntrusted {
		t.Errorf("the old root: %v", got)
	}
	own, err := p.api.GetX509SVID()
	if err != nil || own.ID.String() != orders || own.Certificates[0].CheckSignatureFrom(next.Certificate()) != nil {
		t.Errorf("GetX509SVID: %v, %v", own, err)
	}
}

// TestSilentRepeat holds that the same update again is no change.
func TestSilentRepeat(t *testing.T) {
	shop := shopAt(t)
	a := newAgent(t)
	a.start()
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	same := update(t, shop, svidOf(t, shop, orders))
	a.say(same)
	p.wait("the first update", ready)
	a.say(same)
	a.say(update(t, shop, svidOf(t, shop, orders), minttest.CA(t, "partner.test", mint.Now(noon))))
	if s := <-p.states; s.Bundles.Len() != 2 {
		t.Fatalf("pushed %+v for the same update", s)
	}
}

func TestAgentGone(t *testing.T) {
	shop := shopAt(t)
	a := newAgent(t)
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	s := p.wait("no agent", func(s trust.State) bool { return missing(s) && strings.Contains(s.Missing[0], "not to be had") })
	if !strings.Contains(s.Missing[0], a.path) {
		t.Errorf("%q does not name the agent", s.Missing)
	}
	a.say(update(t, shop, svidOf(t, shop, orders)))
	a.start()
	p.wait("the agent", ready)

	p.clock.pass(time.Minute)
	lost := p.clock.Now()
	a.stop()
	s = p.wait("the agent gone", troubled)
	for _, tc := range []struct {
		at   time.Time
		want reason.Code
	}{
		{lost, reason.Allowed},
		{lost.Add(maxAge - 1), reason.Allowed},
		{lost.Add(maxAge), reason.BundleStale},
	} {
		if got := verdict(t, s, shop, tc.at); got != tc.want {
			t.Errorf("%v after: %v, want %v", tc.at.Sub(lost), got, tc.want)
		}
	}
	if len(s.Lacks(lost)) != 0 || len(s.Lacks(lost.Add(maxAge))) == 0 {
		t.Errorf("lacks %q, then %q", s.Lacks(lost), s.Lacks(lost.Add(maxAge)))
	}
	if _, err := p.api.GetX509SVID(); err != nil {
		t.Errorf("our own SVID is gone at once: %v", err)
	}
	p.clock.pass(maxAge)
	if _, err := p.api.GetX509SVID(); err == nil {
		t.Error("our own SVID outlives the bundles")
	}

	a.start()
	s = p.wait("the agent back", ready)
	if got := verdict(t, s, shop, lost.Add(2*maxAge)); got != reason.Allowed {
		t.Errorf("after the agent came back: %v", got)
	}
}

// TestDenied deletes the registration entry: a bound of its own, however long maxAge is.
func TestDenied(t *testing.T) {
	shop := shopAt(t)
	a := newAgent(t)
	a.refuse(codes.PermissionDenied, "no identity issued")
	a.start()
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	p.wait("denied from the start", func(s trust.State) bool { return missing(s) && strings.Contains(s.Missing[0], "registration entry") })

	a.say(update(t, shop, svidOf(t, shop, orders)))
	p.wait("registered", ready)
	p.clock.pass(time.Minute)
	a.refuse(codes.Unavailable, "shutting down")
	p.wait("gone first", troubled)
	gone := p.clock.Now()
	p.clock.pass(10 * time.Minute)
	a.refuse(codes.PermissionDenied, "no identity issued")
	s := p.wait("denied", func(s trust.State) bool { return troubled(s) && strings.Contains(s.Problems[0], "registration entry") })
	until := s.Bundles.Domains()[0].Until
	if want := gone.Add(maxAge); !until.Equal(want) { // maxAge is an hour here: the earlier counts
		t.Errorf("stale at %v, want %v", until, want)
	}
}

// TestDeniedIsShort is TestDenied where the bundles would otherwise serve for days.
func TestDeniedIsShort(t *testing.T) {
	shop := shopAt(t)
	a := newAgent(t)
	a.start()
	clock := &clock{now: noon}
	api, err := trust.NewWorkloadAPI(trust.WorkloadAPIConfig{Addr: "unix://" + a.path, MaxAge: 48 * time.Hour, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	a.say(update(t, shop, svidOf(t, shop, orders)))
	err = api.Run(ctx, func(s trust.State) {
		if ready(s) {
			a.refuse(codes.PermissionDenied, "no identity issued")
		}
		if troubled(s) {
			if until := s.Bundles.Domains()[0].Until; !until.Equal(noon.Add(time.Hour)) {
				t.Errorf("stale at %v", until)
			}
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryEnd ends the stream in each way a server can and expects another one.
func TestEveryEnd(t *testing.T) {
	shop := shopAt(t)
	for _, code := range []codes.Code{codes.OK, codes.Canceled, codes.InvalidArgument, codes.Unavailable, codes.Internal, codes.PermissionDenied} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			a := newAgent(t)
			a.start()
			p := newPost(t, a, trust.WorkloadAPIConfig{})
			answer := update(t, shop, svidOf(t, shop, orders))
			a.say(answer)
			p.wait("the first update", ready)
			a.end(code)
			s := p.wait("the end", troubled)
			if len(s.Problems[0]) > 600 || strings.Contains(s.Problems[0], "update") {
				t.Errorf("a problem of %d bytes: %q", len(s.Problems[0]), s.Problems[0])
			}
			a.say(answer)
			p.wait("the next stream", ready)
		})
	}
}

// TestBadUpdate has updates that go-spiffe cannot parse: the stream lives, the last good serves.
func TestBadUpdate(t *testing.T) {
	shop := shopAt(t)
	good := update(t, shop, svidOf(t, shop, orders))
	for name, bad := range map[string]func(*workload.X509SVIDResponse){
		"no SVID":     func(r *workload.X509SVIDResponse) { r.Svids = nil },
		"bad SVID":    func(r *workload.X509SVIDResponse) { r.Svids[0].X509Svid = []byte("x") },
		"bad key":     func(r *workload.X509SVIDResponse) { r.Svids[0].X509SvidKey = nil },
		"bad bundle":  func(r *workload.X509SVIDResponse) { r.Svids[0].Bundle = []byte("x") },
		"bad partner": func(r *workload.X509SVIDResponse) { r.FederatedBundles["spiffe://p.test"] = []byte("x") },
		"bad domain":  func(r *workload.X509SVIDResponse) { r.FederatedBundles["P.test"] = shop.Certificate().Raw },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgent(t)
			a.start()
			p := newPost(t, a, trust.WorkloadAPIConfig{})
			broken := update(t, shop, svidOf(t, shop, orders))
			bad(broken)
			a.say(broken)
			p.wait("a bad start", func(s trust.State) bool { return missing(s) && strings.Contains(s.Missing[0], "cannot be used") })
			a.say(good)
			p.wait("a good update", ready)
			a.say(broken)
			s := p.wait("a bad update", troubled)
			if verdict(t, s, shop, noon) != reason.Allowed || verdict(t, s, shop, noon.Add(maxAge)) != reason.BundleStale {
				t.Errorf("the last good does not serve, or for ever: %+v", s.Bundles.Domains())
			}
			a.say(good)
			p.wait("the repair", ready)
		})
	}
}

// TestBadBundle has bundles that parse and are none: only their own trust domain is affected.
func TestBadBundle(t *testing.T) {
	shop, next, partner := shopAt(t), shopAt(t), minttest.CA(t, "partner.test", mint.Now(noon))
	leaf := minttest.SVID(t, partner, "spiffe://partner.test/a").Leaf()
	a := newAgent(t)
	a.start()
	p := newPost(t, a, trust.WorkloadAPIConfig{})
	a.say(update(t, shop, svidOf(t, shop, orders), partner))
	p.wait("a good update", ready)

	bad := update(t, next, svidOf(t, next, orders), partner)
	bad.FederatedBundles["spiffe://partner.test"] = leaf.Raw
	bad.FederatedBundles["spiffe://other.test"] = leaf.Raw
	a.say(bad)
	s := p.wait("a bad partner", troubled)
	domains := s.Bundles.Domains()
	if len(domains) != 2 || !domains[0].Until.Equal(noon.Add(maxAge)) || !domains[1].Until.IsZero() || len(s.Problems) != 2 {
		t.Fatalf("%+v, %q", domains, s.Problems)
	}
	if verdict(t, s, next, noon) != reason.Allowed || verdict(t, s, shop, noon) != reason.CertificateUntrusted {
		t.Error("a partner's bad bundle stopped our own update")
	}

	p.clock.pass(time.Minute)
	a.stop()
	s = p.wait("gone", func(s trust.State) bool { return len(s.Problems) == 3 })
	if d := s.Bundles.Domains(); !d[0].Until.Equal(noon.Add(maxAge)) || !d[1].Until.Equal(noon.Add(time.Minute+maxAge)) {
		t.Errorf("the earlier end does not count: %+v", d)
	}
	a.start()

	none := update(t, next, svidOf(t, next, orders))
	none.FederatedBundles["spiffe://partner.test"] = nil
	a.say(none)
	s = p.wait("an emptied partner", func(s trust.State) bool { return s.Bundles.Len() == 1 && troubled(s) })
	if len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "partner.test") {
		t.Errorf("problems %q", s.Problems)
	}
	empty := update(t, next, svidOf(t, next, orders))
	empty.Svids[0].Bundle = nil
	a.say(empty)
	p.wait("nobody left to trust", func(s trust.State) bool { return missing(s) && s.Bundles.Len() == 0 })
}

// TestNoLeak holds that nothing runs on once Run has returned.
func TestNoLeak(t *testing.T) {
	before := runtime.NumGoroutine()
	shop := shopAt(t)
	t.Run("run", func(t *testing.T) {
		a := newAgent(t)
		a.start()
		p := newPost(t, a, trust.WorkloadAPIConfig{})
		a.say(update(t, shop, svidOf(t, shop, orders)))
		p.wait("ready", ready)
		a.stop()
		p.wait("gone", troubled)
	})
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatal(fmt.Sprintf("%d goroutines, %d before\n", runtime.NumGoroutine(), before), string(stacks[:runtime.Stack(stacks, true)]))
		}
	}
}
