package extauthz_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

func TestAllows(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]*authv3.CheckRequest{
		"anyone":                check(t, w, ""),
		"anyone, with a caller": check(t, w, web),
		"the caller named":      check(t, w, web, setPath("/orders/1")),
		"the joined encoding":   check(t, w, web, setPath("/orders/1"), joined),
		"a query":               check(t, w, web, setPath("/orders/1?a=b")),
		"a gRPC call": check(t, w, web, setPath("/shop.v1.Payments/Charge"), addHeader("content-type", "application/grpc"),
			edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method, h.Protocol = "POST", "HTTP/2" })),
		"a websocket":                        check(t, w, "", setPath("/socket"), addHeader("upgrade", "WebSocket")),
		"a websocket as browsers ask for it": check(t, w, "", setPath("/socket"), addHeader("upgrade", "websocket"), addHeader("connection", "keep-alive, Upgrade")),
		"names that only begin like ours":    check(t, w, "", addHeader("x-post", "1"), addHeader("xpostern-user", "1"), addHeader("x-postern-user", "forged")),
		"no destination named": check(t, w, web, setPath("/orders/1"),
			func(a *authv3.AttributeContext) { a.Destination = nil }),
	} {
		r := w.ask(t, c)
		if !allowed(r) || r.GetOkResponse() == nil {
			t.Errorf("%s: %v", name, r)
		}
		if got := w.last(t); !got.Decision.Allow || got.Decision.Rule.IsZero() {
			t.Errorf("%s: recorded %+v", name, got.Decision)
		}
	}
}

// Everything that is odd in a check is a refusal with a reason.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	order := setPath("/orders/1")
	http2 := func(f func(*authv3.AttributeContext_HttpRequest)) func(*authv3.AttributeContext) { return edit(f) }
	for name, tc := range map[string]struct {
		check *authv3.CheckRequest
		want  string
	}{
		"nil":                                   {nil, "bad_request"},
		"empty":                                 {&authv3.CheckRequest{}, "bad_request"},
		"no request":                            {&authv3.CheckRequest{Attributes: &authv3.AttributeContext{}}, "bad_request"},
		"no http":                               {&authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{}}}, "bad_request"},
		"empty http":                            {check(t, w, web, func(a *authv3.AttributeContext) { a.Request.Http = &authv3.AttributeContext_HttpRequest{} }), "bad_method"},
		"no method":                             {check(t, w, web, edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method = "" })), "bad_method"},
		"CONNECT":                               {check(t, w, web, edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method, h.Path = "CONNECT", "" })), "bad_upgrade"},
		"no host":                               {check(t, w, web, edit(func(h *authv3.AttributeContext_HttpRequest) { h.Host = "" })), "bad_host"},
		"two hosts":                             {check(t, w, web, edit(func(h *authv3.AttributeContext_HttpRequest) { h.Host = "a.test,b.test" })), "bad_host"},
		"no path":                               {check(t, w, web, setPath("")), "bad_path"},
		"dots in the path":                      {check(t, w, web, setPath("/healthz/../orders/1")), "bad_path"},
		"a fragment":                            {check(t, w, web, edit(func(h *authv3.AttributeContext_HttpRequest) { h.Fragment = "x" })), "bad_path"},
		"another :path":                         {check(t, w, web, http2(func(h *authv3.AttributeContext_HttpRequest) { h.Path = "/orders/1" })), "bad_encoding"},
		"two :path":                             {check(t, w, web, addHeader(":path", "/healthz")), "bad_encoding"},
		"! that may be a byte":                  {check(t, w, web, setPath("/orders/a!b"), joined), "bad_encoding"},
		"a capital in a name":                   {check(t, w, web, addHeader("X-Debug", "1")), "bad_header"},
		"a name with a space":                   {check(t, w, web, addHeader("x debug", "1")), "bad_header"},
		"an empty name":                         {check(t, w, web, addHeader("", "1")), "bad_header"},
		"too many headers":                      {check(t, w, web, manyHeaders(1025)), "bad_header"},
		"two upgrades":                          {check(t, w, "", setPath("/socket"), addHeader("upgrade", "websocket"), addHeader("upgrade", "websocket")), "bad_upgrade"},
		"an upgrade that drops headers":         {check(t, w, "", setPath("/socket"), addHeader("upgrade", "websocket"), addHeader("connection", "Upgrade, X-Postern-Caller")), "bad_upgrade"},
		"a name like ours":                      {check(t, w, web, addHeader("x.postern.user", "root")), "bad_header"},
		"a name like ours, underscored":         {check(t, w, web, addHeader("x_postern_caller", "root")), "bad_header"},
		"a name like ours, with a tilde":        {check(t, w, web, addHeader("x~postern-user", "root")), "bad_header"},
		"a list of upgrades":                    {check(t, w, "", setPath("/socket"), addHeader("upgrade", "websocket, h2c")), "bad_upgrade"},
		"an empty upgrade":                      {check(t, w, "", setPath("/socket"), addHeader("upgrade", "")), "bad_upgrade"},
		"another destination":                   {check(t, w, web, order, func(a *authv3.AttributeContext) { a.Destination.Principal = web }), "wrong_destination"},
		"no certificate":                        {check(t, w, web, order, func(a *authv3.AttributeContext) { a.Source.Certificate = "" }), "certificate_missing"},
		"a broken certificate":                  {check(t, w, web, order, func(a *authv3.AttributeContext) { a.Source.Certificate = "%2" }), "certificate_malformed"},
		"a broken certificate where anyone may": {check(t, w, web, func(a *authv3.AttributeContext) { a.Source.Certificate = "x" }), "certificate_malformed"},
		"another caller":                        {check(t, w, orders, order), "caller_not_granted"},
		"no caller":                             {check(t, w, "", order), "caller_not_granted"},
		"the caller of another domain":          {check(t, w, "", order, foreign(t, web)), "certificate_untrusted"},
		"two x-forwarded-client-cert":           {check(t, w, web, order, addHeader("x-forwarded-client-cert", "a"), addHeader("x-forwarded-client-cert", "b")), "bad_header"},
		"an x-forwarded-client-cert of another": {check(t, w, web, order, addHeader("x-forwarded-client-cert", "By=x;Hash="+strings.Repeat("0", 64))), "bad_header"},
		"no route":                              {check(t, w, web, setPath("/elsewhere")), "no_route"},
		"a pseudo-header that overrides": {check(t, w, web, addHeader(":method", "GET"), addHeader(":authority", "x"),
			edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method = "DELETE" })), "no_route"},
		"a method override":  {check(t, w, web, addHeader("x-http-method-override", "GET"), edit(func(h *authv3.AttributeContext_HttpRequest) { h.Method = "DELETE" })), "no_route"},
		"an unasked upgrade": {check(t, w, web, order, addHeader("upgrade", "websocket")), "no_route"},
	} {
		r := w.ask(t, tc.check)
		if wantReason(t, r, tc.want); t.Failed() {
			t.Fatalf("in the case %q", name)
		}
		if r.GetDeniedResponse().GetStatus().GetCode() < 400 {
			t.Errorf("%s: status %v", name, r.GetDeniedResponse().GetStatus())
		}
		if got := w.last(t).Decision; got.Allow || got.Reason.String() != tc.want {
			t.Errorf("%s: recorded %v, %v", name, got.Allow, got.Reason)
		}
	}
}

func manyHeaders(n int) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) {
		for range n {
			addHeader("x-many", "1")(a)
		}
	}
}

func foreign(t *testing.T, id string) func(*authv3.AttributeContext) {
	leaf := minttest.SVID(t, minttest.CA(t, "shop.test"), id).Leaf()
	return func(a *authv3.AttributeContext) {
		a.Source.Principal, a.Source.Certificate = id, mint.EnvoyCertificate(leaf)
	}
}

func TestNotReadyDenies(t *testing.T) {
	w := newWorld(t)
	s := extauthz.Poisoned(extauthz.Config{Current: &extauthz.Current{}, Records: w, Metrics: w, Log: zap.NewNop(), Now: time.Now})
	r, err := s.Check(t.Context(), check(t, w, ""))
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, r, "not_ready")
	// Bundles may be there before whoever we protect is known, and so before there is a policy.
	w.current.Update(func(s *extauthz.Snapshot) { s.Policy = nil })
	wantReason(t, w.ask(t, check(t, w, web)), "not_ready")
}

// Without bundles nobody can be told, and a refusal must not blame the caller.
func TestNoBundlesYetIsNotReady(t *testing.T) {
	w := newWorld(t)
	w.current.Update(func(s *extauthz.Snapshot) { s.Callers.Bundles = nil })
	for _, caller := range []string{"", web} {
		wantReason(t, w.ask(t, check(t, w, caller)), "not_ready")
	}
}

// A zero snapshot, as a wiring that forgot something would store, denies.
func TestZeroSnapshotDenies(t *testing.T) {
	w := newWorld(t)
	w.current.Update(func(s *extauthz.Snapshot) { *s = extauthz.Snapshot{} })
	for _, caller := range []string{"", web} {
		if r := w.ask(t, check(t, w, caller)); allowed(r) {
			t.Errorf("caller %q: %v", caller, r)
		}
	}
}

func TestCancelledIsNoAllow(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := w.Check(ctx, check(t, w, ""))
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, r, "deadline")
}

func TestSlowIsNoAllow(t *testing.T) {
	w := newWorld(t)
	w.step = time.Second + time.Millisecond
	wantReason(t, w.ask(t, check(t, w, "")), "deadline")
	if w.last(t).Decision.Allow {
		t.Error("recorded as an allow")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if r, err := w.Check(ctx, check(t, w, "")); err != nil || !allowed(r) {
		t.Errorf("Envoy still waits: %v, %v", r, err)
	}
}

func TestPanicIsNoAllow(t *testing.T) {
	for _, fault := range []any{errors.New("boom"), "boom", error((*reason.Error)(nil))} {
		w := newWorld(t)
		w.sabotage = func() { panic(fault) }
		r := w.ask(t, check(t, w, ""))
		wantReason(t, r, "internal")
		if w.panics != 1 {
			t.Errorf("%d panics counted", w.panics)
		}
		w.sabotage = nil
		if !allowed(w.ask(t, check(t, w, ""))) {
			t.Error("the server did not recover")
		}
		if w.InFlight() != 0 {
			t.Errorf("%d checks are in flight", w.InFlight())
		}
	}
}

func TestNoRecordNoAllow(t *testing.T) {
	w := newWorld(t)
	w.refuse = true
	wantReason(t, w.ask(t, check(t, w, "")), "record_unavailable")
	wantReason(t, w.ask(t, check(t, w, "", setPath("/x"))), "no_route")
}

// Concurrent checks beyond what can be under way are refused at once.
func TestOverloadIsShed(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	blocked := make(chan struct{}, 5000)
	s := extauthz.Poisoned(extauthz.Config{Current: w.current, Metrics: discard{}, Log: zap.NewNop(), Now: time.Now, Records: keeper(func(ctx context.Context) bool {
		select {
		case blocked <- struct{}{}:
		default:
		}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return true
	})})
	c := check(t, w, "")
	for range 4096 {
		go func() { _, _ = s.Check(t.Context(), c) }()
	}
	for range 4096 {
		<-blocked
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that the record of this one does not wait
	r, err := s.Check(ctx, c)
	close(release)
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, r, "overloaded")
}

type keeper func(context.Context) bool

func (k keeper) Keep(ctx context.Context, _ *record.Record) bool { return k(ctx) }

func TestRecordSaysWho(t *testing.T) {
	w := newWorld(t)
	const id = "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"
	w.ask(t, check(t, w, web, setPath("/orders/1?secret=1"), addHeader("x-request-id", id)))
	r := w.last(t)
	if r.RequestID != id || r.Caller.String() != web || r.Method != http.MethodGet || r.Host != "orders.shop.test" ||
		r.PolicyDigest != "digest" || r.Decision.Route != "read" || r.Decision.RuleName != "frontends" || r.Decision.Policy != "shop/orders" {
		t.Errorf("recorded %+v", r)
	}
}

// An id is only taken over when it cannot be anything but an id.
func TestRequestID(t *testing.T) {
	w := newWorld(t)
	for _, ids := range [][]string{{}, {""}, {"x"}, {"0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a1g"}, {"0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11", "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"},
		{"0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11,0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"}, {"\r\nset-cookie: a=b                       "}} {
		edits := []func(*authv3.AttributeContext){setPath("/x")}
		for _, id := range ids {
			edits = append(edits, addHeader("x-request-id", id))
		}
		r := w.ask(t, check(t, w, "", edits...))
		got := w.last(t).RequestID
		if len(got) != 36 || strings.HasPrefix(got, "0b7f2d0e") || !strings.Contains(bodyOf(r), `"request_id":"`+got+`"`) {
			t.Errorf("%q became %q, %s", ids, got, bodyOf(r))
		}
	}
}

// The value field serves where raw_value is empty, as in a header_map that was not built by Envoy.
func TestHeaderValueWithoutRaw(t *testing.T) {
	w := newWorld(t)
	c := check(t, w, web, setPath("/orders/1"))
	c.Attributes.Request.Http.HeaderMap.Headers = append(c.Attributes.Request.Http.HeaderMap.Headers, &corev3.HeaderValue{Key: "upgrade", Value: "websocket"})
	wantReason(t, w.ask(t, c), "no_route")
}
