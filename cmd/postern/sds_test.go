package main

import (
	"context"
	"strings"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/extauthz/admin"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/trust"
)

func TestParseSDS(t *testing.T) {
	checks := address{"unix", "/run/authz.sock"}
	for text, want := range map[string]string{
		"off": "", "unix:///run/sds.sock": "/run/sds.sock", "unix:/run/sds.sock": "/run/sds.sock",
	} {
		got, err := parseSDS(text, checks)
		if err != nil || (got == nil) != (want == "") || got != nil && got.at != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "sds.sock", "127.0.0.1:9003", "localhost:9003", "unix://relative", "unix:/run/authz.sock"} {
		if got, err := parseSDS(text, checks); got != nil || err == nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func newTestSecrets(t *testing.T, log *zap.Logger) *secrets {
	t.Helper()
	api, err := trust.NewWorkloadAPI(trust.WorkloadAPIConfig{Addr: "unix:///nowhere", MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSecrets(settings{sds: &address{"unix", "/nowhere"}, api: api}, log)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheReadinessOfSecrets: without an SVID that somebody would take, Envoy can serve nobody.
func TestTheReadinessOfSecrets(t *testing.T) {
	ca := minttest.CA(t, "shop.test", mint.Now(time.Now().Add(-time.Hour)), mint.Lifetime(24*time.Hour))
	state := func(lifetime time.Duration) sds.State {
		own := minttest.SVID(t, ca, "spiffe://shop.test/orders", mint.Now(time.Now().Add(-time.Hour)), mint.Lifetime(lifetime))
		i, err := sds.NewIdentity(spiffeid.RequireFromString("spiffe://shop.test/orders"), own.Certificates, own.Key)
		if err != nil {
			t.Fatal(err)
		}
		return sds.State{Identity: i}
	}
	for name, tc := range map[string]struct {
		state sds.State
		want  admin.State
	}{
		"none":    {sds.State{}, admin.Missing},
		"expired": {state(time.Minute), admin.Missing},
		"valid":   {state(2 * time.Hour), admin.OK},
	} {
		s := newTestSecrets(t, zap.NewNop())
		if err := s.server.Update(tc.state); err != nil {
			t.Fatal(err)
		}
		if parts := s.parts(); len(parts) != 1 || parts[0].State != tc.want || (parts[0].Remedy == "") != (tc.want == admin.OK) {
			t.Errorf("%s: %+v", name, parts)
		}
	}
}

// A refuser is a stream whose client asks for its certificate and refuses it.
type refuser struct {
	grpc.ServerStream
	ctx    context.Context
	nonces chan string
	asked  bool
}

func (r *refuser) Context() context.Context { return r.ctx }

func (r *refuser) Send(a *discoveryv3.DiscoveryResponse) error {
	r.nonces <- a.GetNonce()
	return nil
}

func (r *refuser) Recv() (*discoveryv3.DiscoveryRequest, error) {
	ask := &discoveryv3.DiscoveryRequest{ResourceNames: []string{sds.Default}}
	if !r.asked {
		r.asked = true
		return ask, nil
	}
	select {
	case ask.ResponseNonce = <-r.nonces:
		ask.ErrorDetail = &rpcstatus.Status{Message: "not this one"}
		return ask, nil
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}

// TestWhatEnvoyRefusesIsShown, loudly and as degraded: Envoy has the one before.
func TestWhatEnvoyRefusesIsShown(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	s := newTestSecrets(t, zap.New(core))
	own := minttest.SVID(t, minttest.CA(t, "shop.test"), "spiffe://shop.test/orders")
	i, err := sds.NewIdentity(spiffeid.RequireFromString("spiffe://shop.test/orders"), own.Certificates, own.Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Update(sds.State{Identity: i}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() { _ = s.server.StreamSecrets(&refuser{ctx: ctx, nonces: make(chan string, 1)}) }() // ends with ctx
	for s.parts()[0].State != admin.Degraded || logged.Len() == 0 {
		if ctx.Err() != nil {
			t.Fatalf("%+v", s.parts())
		}
		time.Sleep(time.Millisecond)
	}
	if said := s.parts()[0].Detail; !strings.Contains(said, "not this one") || !strings.Contains(said, sds.Default) {
		t.Errorf("shown as %s", said)
	}
	if fields := logged.All()[0].ContextMap(); fields["envoy_says"] != "not this one" {
		t.Errorf("logged %v", fields)
	}
}

// TestGiveWithoutAnSVID: the bundles are handed on all the same, and the certificate is left out.
func TestGiveWithoutAnSVID(t *testing.T) {
	s := newTestSecrets(t, zap.NewNop())
	s.give(trust.State{})
	if got := s.server.State(); !got.Identity.IsZero() || got.Bundles.Len() != 0 {
		t.Errorf("got %v", got)
	}
	if counts := s.metrics()(); counts.Streams != 0 || counts.Pushes != 0 || counts.Refused != 0 {
		t.Errorf("counted %+v", counts)
	}
}

// TestWithoutSDS: there is nothing to bind, to give, to show or to count.
func TestWithoutSDS(t *testing.T) {
	none, err := newSecrets(settings{}, zap.NewNop())
	if none != nil || err != nil {
		t.Fatalf("%v, %v", none, err)
	}
	none.give(trust.State{})
	if err := none.bind(0o600); err != nil || none.parts() != nil || none.metrics() != nil {
		t.Errorf("it does something: %v", err)
	}
}
