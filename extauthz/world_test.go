package extauthz_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

const (
	orders = "spiffe://shop.test/ns/shop/sa/orders"
	web    = "spiffe://shop.test/ns/shop/sa/web"
)

const policies = `
apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow: [{callers: [anyone]}]
  - name: read
    http: {methods: [GET, POST], path: "/orders/{id}"}
    allow: [{name: frontends, callers: [spiffe://shop.test/ns/shop/sa/web]}]
  - name: charge
    grpc: {service: shop.v1.Payments, methods: [Charge]}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web]}]
  - name: socket
    http: {methods: [GET], path: /socket, upgrade: [websocket]}
    allow: [{callers: [anyone]}]
`

// A world is a server with everything that it needs, and what it recorded and counted.
type world struct {
	*extauthz.Server
	ca      *mint.CA
	current *extauthz.Current
	now     time.Time

	mu       sync.Mutex
	step     time.Duration // how far the clock goes at each look
	records  []record.Record
	refuse   bool // records
	panics   int
	decided  int
	sabotage func() // called by Keep
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{ca: minttest.CA(t, "shop.test"), current: &extauthz.Current{}, now: time.Now()}
	bundle, err := svid.NewBundle(w.ca.TrustDomain(), []*x509.Certificate{w.ca.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := svid.NewBundles(bundle)
	if err != nil {
		t.Fatal(err)
	}
	set := compile(t, policies)
	w.current.Update(func(s *extauthz.Snapshot) {
		s.Policy, s.Digest, s.Callers = set, "digest", svid.Verifier{Bundles: bundles}
	})
	c := extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.NewNop(), Now: w.clock}
	if w.Server = extauthz.Poisoned(c); isBenchmark(t) {
		w.Server = extauthz.New(c)
	}
	return w
}

// isBenchmark says that time counts, so that nothing is to be overwritten.
func isBenchmark(t testing.TB) bool {
	_, is := t.(*testing.B)
	return is
}

func compile(t testing.TB, text string) *policy.Set {
	t.Helper()
	documents, err := syntax.Parse("orders.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(documents, policy.Options{Workload: orders, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(w.step)
	return w.now
}

func (w *world) Keep(_ context.Context, offered *record.Record) bool {
	r := *offered
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sabotage != nil {
		w.sabotage()
	}
	r.RequestID, r.Method, r.Host = strings.Clone(r.RequestID), strings.Clone(r.Method), strings.Clone(r.Host)
	r.Decision.Rules = slices.Clone(r.Decision.Rules)
	if shadow := r.Decision.Shadow; shadow != nil {
		r.Decision.Shadow = new(*shadow)
	}
	w.records = append(w.records, r)
	return !w.refuse
}

func (w *world) Decided(*policy.Decision, time.Duration) { w.decided++ }
func (w *world) Panicked()                               { w.panics++ }

func (w *world) last(t testing.TB) record.Record {
	t.Helper()
	if len(w.records) == 0 {
		t.Fatal("nothing was recorded")
	}
	return w.records[len(w.records)-1]
}

// check is a request as Envoy 1.40 sends it in the raw encoding, which tests then bend.
func check(t testing.TB, w *world, caller string, edits ...func(*authv3.AttributeContext)) *authv3.CheckRequest {
	t.Helper()
	a := &authv3.AttributeContext{
		Source:      &authv3.AttributeContext_Peer{Address: tcp("10.1.2.3")},
		Destination: &authv3.AttributeContext_Peer{Address: tcp("10.1.2.4"), Principal: orders},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "7", Method: http.MethodGet, Host: "orders.shop.test", Scheme: "https", Protocol: "HTTP/1.1",
		}},
	}
	setPath("/healthz")(a)
	if caller != "" {
		leaf := minttest.SVID(t, w.ca, caller).Leaf()
		a.Source.Principal, a.Source.Certificate = caller, mint.EnvoyCertificate(leaf)
	}
	for _, edit := range edits {
		edit(a)
	}
	return &authv3.CheckRequest{Attributes: a}
}

func tcp(ip string) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{Address: ip}}}
}

func setPath(path string) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) {
		a.Request.Http.Path = path
		kept := []*corev3.HeaderValue{{Key: ":path", RawValue: []byte(path)}}
		for _, h := range a.Request.Http.GetHeaderMap().GetHeaders() {
			if h.Key != ":path" {
				kept = append(kept, h)
			}
		}
		a.Request.Http.HeaderMap = &corev3.HeaderMap{Headers: kept}
	}
}

func addHeader(name, value string) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) {
		m := a.Request.Http.HeaderMap
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
	}
}

func edit(f func(*authv3.AttributeContext_HttpRequest)) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) { f(a.Request.Http) }
}

// joined turns the request into Envoy's default encoding.
func joined(a *authv3.AttributeContext) {
	h := a.Request.Http
	h.Headers = map[string]string{}
	for _, f := range h.GetHeaderMap().GetHeaders() {
		value := string(f.RawValue)
		if before, ok := h.Headers[f.Key]; ok {
			value = before + "," + value
		}
		h.Headers[f.Key] = value
	}
	h.HeaderMap = nil
}

// ask sends a check as Envoy does, by its bytes. None is the empty one.
func (w *world) ask(t testing.TB, c *authv3.CheckRequest) *authv3.CheckResponse {
	t.Helper()
	wire, err := proto.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return w.handle(t, wire)
}

// generated asks by what generated code has read.
func (w *world) generated(t testing.TB, c *authv3.CheckRequest) *authv3.CheckResponse {
	t.Helper()
	r, err := w.Check(t.Context(), c)
	if err != nil || r == nil {
		t.Fatalf("Check returned %v, %v", r, err)
	}
	return r
}

func allowed(r *authv3.CheckResponse) bool { return r.GetStatus().GetCode() == 0 }

func bodyOf(r *authv3.CheckResponse) string { return r.GetDeniedResponse().GetBody() }

func wantReason(t testing.TB, r *authv3.CheckResponse, want string) {
	t.Helper()
	if allowed(r) || r.GetStatus() == nil || !strings.Contains(bodyOf(r), `"reason":"`+want+`"`) {
		t.Errorf("got %v, want the reason %s", r, want)
	}
}
