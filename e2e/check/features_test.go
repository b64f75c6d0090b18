package check_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/raw"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// startWith runs what is printed after the edit of its options.
func (p *place) startWith(t testing.TB, edit func(*config.Options)) *gate {
	t.Helper()
	o := p.options(t)
	edit(&o)
	return p.start(t, envoytest.Bootstrap(t, o))
}

func TestWebSocketsOnlyWhereAsked(t *testing.T) {
	p := newPlace(t)
	upgrade := []string{"connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="}
	for on, checks := range map[bool]int{true: 1, false: 0} {
		g := p.startWith(t, func(o *config.Options) { o.WebSocket = on })
		o := g.get(t, g.web(), "/", upgrade...)
		if len(o.checks) != checks || len(o.reached) != checks {
			t.Errorf("websocket %v: %d checks, %d requests reached the app, status %d", on, len(o.checks), len(o.reached), o.status)
		}
	}
}

// TestPreflights: those of the origins named are answered, nobody else's.
func TestPreflights(t *testing.T) {
	p := newPlace(t)
	g := p.startWith(t, func(o *config.Options) { o.CORS = []string{"https://app.shop.test"} })
	for origin, want := range map[string]struct{ checks, status int }{
		"https://app.shop.test":   {0, 200},
		"https://evil.test":       {1, 403},
		"https://app.shop.test.a": {1, 403},
		"null":                    {1, 403},
	} {
		o := g.send(t, g.web(), "OPTIONS /admin HTTP/1.1\r\nhost: a\r\nx-case: MARK\r\norigin: "+origin+"\r\naccess-control-request-method: POST\r\n\r\n")
		if len(o.checks) != want.checks || o.status != want.status || len(o.reached) > 0 {
			t.Errorf("%s: %d, %d checks, %d reached the app", origin, o.status, len(o.checks), len(o.reached))
		}
	}
	o := g.get(t, g.web(), "/admin", "origin: https://app.shop.test")
	if o.status != 403 || len(o.checks) != 1 {
		t.Errorf("what follows the preflight: %d, %d checks", o.status, len(o.checks))
	}
}

func TestAppProtocols(t *testing.T) {
	p := newPlace(t)
	for protocol, want := range map[config.Protocol][2]bool{ // over HTTP/1.1, over HTTP/2: does the app see HTTP/2?
		config.HTTP1: {false, false}, config.HTTP2: {true, true}, config.Downstream: {false, true},
	} {
		g := p.startWith(t, func(o *config.Options) { o.AppProtocol = protocol })
		for i, o := range []outcome{g.get(t, g.web(), "/"), g.get2(t, g.web(), "/")} {
			if !o.let() || o.reached[0].HTTP2 != want[i] {
				t.Errorf("%s, client %d: %d, %+v", protocol, i+1, o.status, o.reached)
			}
		}
	}
}

// TestAbsentPostern: 503 at once, whatever is asked.
func TestAbsentPostern(t *testing.T) {
	p := newPlace(t)
	p.authz.server.Stop()
	g := p.startWith(t, func(*config.Options) {})
	if o := g.get(t, g.web(), "/"); o.status != 503 || len(o.reached) > 0 {
		t.Errorf("%d, %d reached the app", o.status, len(o.reached))
	}
	if o := g.get2(t, g.web(), "/shop.Orders/Get", raw.Field{Name: "content-type", Value: "application/grpc"}); strings.Join(o.fields.Get("grpc-status"), "") != "14" {
		t.Errorf("gRPC: %+v", o.fields)
	}
}

// TestOneFailureIsTriedAgain: a Postern that goes away as it is asked costs nobody a request.
func TestOneFailureIsTriedAgain(t *testing.T) {
	p := newPlace(t)
	g := p.startWith(t, func(*config.Options) {})
	var asked atomic.Int32
	p.authz.answers(func(ctx context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
		if asked.Add(1) == 1 {
			return nil, status.Error(codes.Unavailable, "going away")
		}
		return webOutsideAdmin(ctx, r)
	})
	if o := g.get(t, g.web(), "/"); !o.let() || asked.Load() != 2 {
		t.Errorf("%d after %d questions", o.status, asked.Load())
	}
}

// TestASlowPosternIsAskedOnce: more questions are no help to it.
func TestASlowPosternIsAskedOnce(t *testing.T) {
	p := newPlace(t)
	g := p.startWith(t, func(o *config.Options) { o.AuthzTimeout = 1500 * time.Millisecond })
	p.authz.answers(hang)
	if o := g.get(t, g.web(), "/"); o.status != 503 || len(o.checks) != 1 {
		t.Errorf("%d after %d questions", o.status, len(o.checks))
	}
}

// TestAnAbsentTimeoutIsShort is why the checker does not ask for one.
func TestAnAbsentTimeoutIsShort(t *testing.T) {
	p := newPlace(t)
	g := p.start(t, envoytest.Apply(t, envoytest.Bootstrap(t, p.options(t)), envoytest.Authz+"/grpc_service/timeout", ""))
	p.authz.answers(hang)
	start := time.Now()
	if o := g.get(t, g.web(), "/"); o.status != 503 || time.Since(start) > 20*time.Second {
		t.Errorf("%d after %s", o.status, time.Since(start))
	}
}

func TestLimits(t *testing.T) {
	p := newPlace(t)
	g := p.startWith(t, func(o *config.Options) { o.MaxStreamDuration = time.Second })
	many := make([]string, 90)
	for i := range many {
		many[i] = fmt.Sprintf("x-%d: 1", i)
	}
	for name, tc := range map[string]struct {
		fields []string
		status int
	}{
		"many headers":        {many, 431},
		"as many as allowed":  {many[:70], 200},
		"large headers":       {[]string{"x-large: " + strings.Repeat("a", 50_000)}, 431},
		"as large as allowed": {[]string{"x-large: " + strings.Repeat("a", 40_000)}, 200},
		"an escaped slash":    {nil, 200},
	} {
		if o := g.get(t, g.web(), "/", tc.fields...); o.status != tc.status {
			t.Errorf("%s: %d, want %d", name, o.status, tc.status)
		}
	}
	if lastsForTwoSeconds(t, g) {
		t.Error("a stream outlives max_stream_duration")
	}
	for _, request := range []string{"OPTIONS * HTTP/1.1\r\nhost: a\r\nx-case: MARK\r\n\r\n", "CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\nx-case: MARK\r\n\r\n", "GET /a%2fb HTTP/1.1\r\nhost: a\r\nx-case: MARK\r\n\r\n"} {
		if o := g.send(t, g.web(), request); o.status < 400 || len(o.reached) > 0 {
			t.Errorf("%q: %d, %d reached the app", request, o.status, len(o.reached))
		}
	}
}

// TestInternalRedirectsAreCheckedAgain is why the checker has nothing against them.
func TestInternalRedirectsAreCheckedAgain(t *testing.T) {
	p := newPlace(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/public" {
			http.Redirect(w, r, "https://"+r.Host+"/admin", http.StatusFound)
		}
	}))
	defer app.Close()
	o := p.options(t)
	o.App = envoytest.Address(t, app.Listener.Addr().String())
	g := p.start(t, envoytest.Apply(t, envoytest.Bootstrap(t, o), envoytest.Route+"/route/internal_redirect_policy", "{max_internal_redirects: 1}"))
	if out := g.get(t, g.web(), "/public"); len(out.checks) != 2 || out.status != 403 {
		t.Errorf("%d checks, status %d", len(out.checks), out.status)
	}
}

// TestDrainingLetsRequestsFinish is what docs/envoy.md says to do before SIGTERM.
func TestDrainingLetsRequestsFinish(t *testing.T) {
	p := newPlace(t)
	began, finish := make(chan struct{}), make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(began)
			<-finish
		}
	}))
	t.Cleanup(app.Close)
	o := p.options(t)
	o.App = envoytest.Address(t, app.Listener.Addr().String())
	e := envoy.Start(t, envoytest.Bootstrap(t, o), envoy.Options{Args: []string{"--drain-time-s", "1"}})
	g := &gate{World: p.World, authz: p.authz, app: p.app, envoy: e, addr: e.Addr("inbound")}
	done := make(chan outcome, 1)
	go func() { done <- g.get(t, g.web(), "/slow") }()
	<-began
	if _, err := g.envoy.Admin(t.Context(), http.MethodPost, "/drain_listeners?graceful"); err != nil {
		t.Error(err)
	}
	eventually(t, "new connections are refused", func() bool { return g.get(t, g.web(), "/").err != nil })
	close(finish)
	if slow := <-done; slow.status != 200 {
		t.Errorf("the request under way ended with %d, %v", slow.status, slow.err)
	}
}

// TestSnippet puts the printed filters into a configuration of somebody else's.
func TestSnippet(t *testing.T) {
	p := newPlace(t)
	snippet, err := config.Snippet(p.options(t))
	if err != nil {
		t.Fatal(err)
	}
	g := p.start(t, "static_resources:\n  listeners:\n  - name: inbound\n    address: {socket_address: {address: 127.0.0.1, port_value: 0}}\n"+
		"    filter_chains:\n    - filters:\n      - name: http\n        typed_config:\n          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"+
		"          stat_prefix: x\n          route_config: {virtual_hosts: [{name: a, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: theirs}}]}]}\n"+
		inside(snippet, "http_filters", 10)+"          - "+router+"\n"+inside(snippet, "clusters", 2)+
		"  - {name: theirs, type: STATIC, load_assignment: {cluster_name: theirs, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: "+strconv.Itoa(p.app.Port())+"}}}}]}]}}\n")
	p.authz.always(allow())
	if o := g.get(t, nil, "/"); !o.let() || len(o.checks) != 1 {
		t.Errorf("%d, %d checks", o.status, len(o.checks))
	}
	p.authz.always(deny())
	if o := g.get(t, nil, "/"); o.status != 403 || len(o.reached) > 0 {
		t.Errorf("%d, %d reached the app", o.status, len(o.reached))
	}
}

// inside returns one top-level field of a document, moved to the right.
func inside(document, field string, columns int) string {
	var b strings.Builder
	on := false
	for line := range strings.Lines(document) {
		if line[0] != ' ' && line[0] != '-' && line[0] != '#' {
			on = strings.HasPrefix(line, field+":")
		}
		if on {
			b.WriteString(strings.Repeat(" ", columns) + line)
		}
	}
	return b.String()
}
