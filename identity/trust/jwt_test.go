package trust_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/trust"
)

var (
	_ trust.JWTSource = (*trust.Files)(nil)
	_ trust.JWTSource = (*trust.WorkloadAPI)(nil)
)

// A jwtAgent is a small Workload API that says of JWT bundles what it is told to.
type jwtAgent struct {
	workload.UnimplementedSpiffeWorkloadAPIServer

	mu      sync.Mutex
	bundles map[string][]byte
	fail    error
	changed chan struct{}
}

func (a *jwtAgent) set(bundles map[string][]byte, fail error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bundles, a.fail = bundles, fail
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *jwtAgent) say(bundles map[string][]byte)       { a.set(bundles, nil) }
func (a *jwtAgent) refuse(code codes.Code, text string) { a.set(nil, status.Error(code, text)) }

func (a *jwtAgent) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream workload.SpiffeWorkloadAPI_FetchJWTBundlesServer) error {
	if md, _ := metadata.FromIncomingContext(stream.Context()); len(md.Get("workload.spiffe.io")) != 1 {
		return status.Error(codes.InvalidArgument, "security header missing")
	}
	for {
		a.mu.Lock()
		bundles, fail, changed := a.bundles, a.fail, a.changed
		a.mu.Unlock()
		if fail != nil {
			return fail
		}
		if bundles != nil {
			if err := stream.Send(&workload.JWTBundlesResponse{Bundles: bundles}); err != nil {
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

// A jwtPost is a WorkloadAPI whose JWT bundles are followed.
type jwtPost struct {
	t      *testing.T
	agent  *jwtAgent
	clock  *clock
	states chan trust.JWTState
	last   trust.JWTState
}

func newJWTPost(t *testing.T) *jwtPost {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	p := &jwtPost{t: t, agent: &jwtAgent{changed: make(chan struct{})}, clock: &clock{now: noon}, states: make(chan trust.JWTState, 1000)}
	server := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(server, p.agent)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	api, err := trust.NewWorkloadAPI(trust.WorkloadAPIConfig{Addr: "unix://" + path, MaxAge: 3 * time.Hour, Now: p.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- api.RunJWT(ctx, func(s trust.JWTState) { p.states <- s }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("RunJWT ended with %v", err)
		}
	})
	if s := <-p.states; s.Bundles.Len() != 0 || len(s.Problems) != 0 {
		t.Fatalf("%+v before the agent said anything", s)
	}
	return p
}

// wait returns the next state that prints so.
func (p *jwtPost) wait(want string) trust.JWTState {
	p.t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case s := <-p.states:
			if s.Equal(p.last) {
				p.t.Fatalf("pushed %s again", shown(s))
			}
			p.last = s
			if shown(s) == want {
				return s
			}
		case <-deadline:
			p.t.Fatalf("not within a minute: %s; last %s, %q", want, shown(p.last), p.last.Problems)
		}
	}
}

// shown returns the trust domains, each with the number of its keys and for how long it is good
// after noon, and the number of problems.
func shown(s trust.JWTState) string {
	var all []string
	for _, d := range s.Bundles.Domains() {
		text := fmt.Sprintf("%s %d", d.Name, d.Keys)
		if !d.Until.IsZero() {
			text += " for " + d.Until.Sub(noon).String()
		}
		all = append(all, text)
	}
	return strings.Join(append(all, fmt.Sprint(len(s.Problems))), ", ")
}

func jwtBundle(t testing.TB, use string, keys ...*mint.Key) []byte {
	t.Helper()
	set := make([]map[string]any, len(keys))
	for i, k := range keys {
		set[i] = k.JWK()
		set[i]["use"] = use
	}
	text, err := json.Marshal(map[string]any{"keys": set})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestJWTBundles: what is there serves, what is dropped is gone, and what is bad leaves its own last
// good one, and the others alone.
func TestJWTBundles(t *testing.T) {
	k1, k2 := minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	one, two := jwtBundle(t, "jwt-svid", k1), jwtBundle(t, "jwt-svid", k1, k2)
	const shop, ally = "spiffe://shop.test", "spiffe://partner.test"
	p := newJWTPost(t)
	p.agent.say(map[string][]byte{shop: one, ally: two})
	first := p.wait("partner.test 2, shop.test 1, 0")
	p.agent.say(map[string][]byte{shop: one, ally: two}) // is no change, or wait would see it
	p.agent.say(map[string][]byte{shop: two})
	if s := p.wait("shop.test 2, 0"); s.Bundles == first.Bundles {
		t.Error("other bundles, and the same pointer")
	}
	p.agent.say(map[string][]byte{shop: two, ally: one})
	p.wait("partner.test 1, shop.test 2, 0")
	p.clock.pass(time.Hour)
	p.agent.say(map[string][]byte{shop: one, ally: []byte("garbage")})
	s := p.wait("partner.test 1 for 4h0m0s, shop.test 1, 1")
	if !strings.Contains(s.Problems[0], "partner.test") || strings.Contains(s.Problems[0], "garbage") {
		t.Errorf("%q", s.Problems)
	}
	p.clock.pass(time.Hour) // it is bad since an hour
	p.agent.say(map[string][]byte{shop: two, ally: []byte("{")})
	p.wait("partner.test 1 for 4h0m0s, shop.test 2, 1")
	p.agent.say(map[string][]byte{shop: two, ally: jwtBundle(t, "x509-svid", k1)})
	p.wait("partner.test 0, shop.test 2, 0")
	p.agent.say(map[string][]byte{shop: one, "spiffe://new.test": []byte("garbage"), "other.test": one, "spiffe://Shop.test": one, "spiffe://a.test/b": one})
	p.wait("shop.test 1, 4")
	p.agent.say(map[string][]byte{})
	p.wait("0")
}

// TestJWTAgentGone: the last good serve for a while, and for less when the agent says that we are
// nobody. An agent that serves none is a problem to be told, and no more.
func TestJWTAgentGone(t *testing.T) {
	one := map[string][]byte{"spiffe://shop.test": jwtBundle(t, "jwt-svid", minttest.Key(t, "ES256", "k1"))}
	p := newJWTPost(t)
	p.agent.refuse(codes.Unimplemented, "unknown method")
	if s := p.wait("1"); !strings.Contains(s.Problems[0], "does not serve JWT bundles") {
		t.Errorf("%q", s.Problems)
	}
	p.agent.refuse(codes.PermissionDenied, "no identity issued")
	p.wait("1")
	p.agent.say(one)
	good := p.wait("shop.test 1, 0")
	p.agent.refuse(codes.Unavailable, strings.Repeat("over", 1000))
	s := p.wait("shop.test 1 for 3h0m0s, 1")
	if len(s.Problems[0]) > 600 || !strings.Contains(s.Problems[0], "2026-03-01T15:00:00Z") {
		t.Errorf("%q", s.Problems)
	}
	p.clock.pass(30 * time.Minute)
	p.agent.refuse(codes.PermissionDenied, "no identity issued")
	p.wait("shop.test 1 for 1h30m0s, 1")
	p.clock.pass(2 * time.Hour)
	p.agent.say(one)
	if s := p.wait("shop.test 1, 0"); s.Bundles.Domains()[0] != good.Bundles.Domains()[0] {
		t.Errorf("%+v", s.Bundles.Domains())
	}
	p.agent.refuse(codes.PermissionDenied, "no identity issued")
	p.wait("shop.test 1 for 3h30m0s, 1")
}

// TestJWTAuthoritiesOfFiles: those of a SPIFFE bundle are used, and PEM has none. What is wrong with
// them is no fault of the certificates beside them.
func TestJWTAuthoritiesOfFiles(t *testing.T) {
	ca, key, next := year(t), minttest.Key(t, "ES256", "k1"), minttest.Key(t, "ES256", "k2")
	path := filepath.Join(t.TempDir(), "shop.json")
	write := func(data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	twice := strings.Replace(string(minttest.BundleJSON(t, ca, key)), "{", `{"spiffe_sequence":1,"spiffe_sequence":1,`, 1)
	write(minttest.BundleJSON(t, ca, key))
	synctest.Test(t, func(t *testing.T) {
		files, err := trust.OpenFiles([]trust.File{parseFile(t, "shop.test="+path)}, maxAge)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var last trust.JWTState
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- files.Run(ctx, func(trust.State) {}) }()
		go func() {
			done <- files.RunJWT(ctx, func(s trust.JWTState) {
				mu.Lock()
				defer mu.Unlock()
				last = s
			})
		}()
		for _, step := range []struct {
			data []byte
			want string
		}{
			{nil, "shop.test 1, 0"},
			{minttest.BundleJSON(t, ca, key, next), "shop.test 2, 0"},
			{[]byte(twice), "shop.test 2 for 1h, 1"},
			{minttest.BundleJSON(t, ca), "shop.test 0, 0"},
			{minttest.BundleJSON(t, ca, next), "shop.test 1, 0"},
			{[]byte("{"), "shop.test 1 for 1h, 0"},
			{ca.BundlePEM(), "0"},
		} {
			if step.data != nil {
				write(step.data)
			}
			before := time.Now()
			time.Sleep(within)
			synctest.Wait()
			mu.Lock()
			var got []string
			for _, d := range last.Bundles.Domains() {
				text := fmt.Sprintf("%s %d", d.Name, d.Keys)
				if left := d.Until.Sub(before); !d.Until.IsZero() && left > maxAge && left < maxAge+within {
					text += " for 1h"
				}
				got = append(got, text)
			}
			if got := strings.Join(append(got, fmt.Sprint(len(last.Problems))), ", "); got != step.want {
				t.Errorf("got %s, want %s: %q", got, step.want, last.Problems)
			}
			mu.Unlock()
		}
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
