package e2e_test

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// What each test here protects from was seen in Envoy 1.40. The Envoys are as weak as they can
// be where Postern must hold by itself.

// An SNI that is not UTF-8 makes a CheckRequest that does not parse. With failure_mode_allow a
// server that answers that with an RPC error lets the request in.
func TestAServerNameThatIsNotUTF8OpensNoDoor(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{FailOpen: true, Session: true}})
	c := m.As(mesh.Web)
	if got := do(t, m, c, request("GET", "/orders/1", marked("fine"))); got.Status != 200 {
		t.Fatalf("an ordinary server name: %d %s", got.Status, got.Body)
	}
	c.ServerName = "\xff.shop.test"
	wantRefused(t, do(t, m, c, request("GET", "/orders/1", marked("sni"))), 400, "bad_request")
	if n := len(m.Upstream.Find("sni")); n != 0 {
		t.Errorf("%d requests got in", n)
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.failure_mode_allowed"); n != 0 {
		t.Errorf("failure_mode_allowed is %d", n)
	}
}

// A body beyond grpc-go's default limit of 4 MiB is refused before any handler runs, which again
// is an RPC error.
func TestABodyOfFiveMegabytesOpensNoDoor(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{FailOpen: true, Body: 16 << 20}})
	body := strings.Repeat("x", 5<<20)
	length := fmt.Sprintf("content-length: %d", len(body))
	got := do(t, m, m.As(mesh.Batch), request("POST", "/orders/1", length, marked("denied"))+body)
	wantRefused(t, got, 403, "caller_not_granted")
	got = do(t, m, m.As(mesh.Web), request("POST", "/orders/1", length, marked("granted"))+body)
	if got.Status != 200 || string(wantReached(t, m, "granted").Body) != body {
		t.Errorf("the granted one: %d %.80q", got.Status, got.Body)
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.failure_mode_allowed") + m.Envoy.Stat("http.inbound.ext_authz.error"); n != 0 {
		t.Errorf("%d checks failed", n)
	}
}

// An answer that is not UTF-8 fails in grpc-go's marshaller: nothing a client sends may get into
// one. And what Envoy would let in on a failure, it does not when the refusal is a refusal.
func TestNoRefusalIsAFailure(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{FailOpen: true, AsSent: true, Optional: true}})
	for _, fields := range [][]string{
		{"x-request-id: \xff\xfe"}, {"x-request-id: a\tb"}, {"host: \xc3\xa9"}, {"user-agent: \xff"},
		{"authorization: Bearer \xff.\xff.\xff"}, {"authorization: \xff"}, {"content-type: \xff"},
		{"authorization: Bearer a,Bearer b"}, {"x-forwarded-client-cert: \xff"}, {"cookie: \xff=\xff"},
	} {
		for _, target := range []string{"/me", "/nowhere", "/public//x", "/orders/1"} {
			got := do(t, m, mesh.Anonymous(), request("GET", target, append(fields, marked("any"))...))
			if got.Status < 400 {
				t.Errorf("%s %q: status %d", target, fields, got.Status)
			}
		}
	}
	if n := m.Upstream.Count(); n != 0 {
		t.Errorf("%d requests got in", n)
	}
	for _, stat := range []string{"error", "failure_mode_allowed", "invalid"} {
		if n := m.Envoy.Stat("http.inbound.ext_authz." + stat); n != 0 {
			t.Errorf("ext_authz.%s is %d", stat, n)
		}
	}
}

// Where Postern is not there to answer, Envoy lets nobody in: a catch-all of the configuration.
func TestADeadPosternLetsNobodyIn(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Cleartext: true}})
	if err := m.Postern.Stop(time.Minute); err != nil {
		t.Fatal(err)
	}
	got := do(t, m, nil, request("GET", "/public/x", marked("dead")))
	if got.Status != 503 || m.Upstream.Count() != 0 {
		t.Errorf("status %d, %d got in", got.Status, m.Upstream.Count())
	}
}

// A Postern that is there and does not answer is worth as little.
func TestAHungPosternLetsNobodyIn(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Cleartext: true, Timeout: "0.3s"}})
	if err := m.Postern.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	got := do(t, m, nil, request("GET", "/public/x", marked("hung")))
	if got.Status != 503 || m.Upstream.Count() != 0 {
		t.Errorf("status %d, %d got in", got.Status, m.Upstream.Count())
	}
	if err := m.Postern.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it answers again", func() bool { return do(t, m, nil, request("GET", "/public/x")).Status == 200 })
	if n := len(m.Upstream.Find("hung")); n != 0 {
		t.Errorf("%d got in late", n)
	}
}

// require_client_certificate without a trusted CA asks for no certificate and lets everybody in.
func TestNoCertificateIsNoCaller(t *testing.T) {
	t.Parallel()
	for name, gate := range map[string]mesh.Gate{
		"required, but no CA to require by": {TrustedCA: "none"},
		"optional":                          {Optional: true},
		"cleartext":                         {Cleartext: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{Gate: gate})
			c := mesh.Anonymous()
			if gate.Cleartext {
				c = nil
			}
			wantRefused(t, do(t, m, c, request("GET", "/orders/1")), 403, "caller_not_granted")
			if got := do(t, m, c, request("GET", "/public/x", marked("open"))); got.Status != 200 {
				t.Errorf("a route for anyone: %d %s", got.Status, got.Body)
			}
			if got := wantReached(t, m, "open").Get("x-postern-caller"); len(got) != 0 {
				t.Errorf("x-postern-caller is %q", got)
			}
		})
	}
}

// Envoy names a principal it was never shown the certificate of, or does not show it to us.
func TestAPrincipalWithoutItsCertificateIsRefused(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{NoCertificate: true}})
	for _, target := range []string{"/orders/1", "/public/x"} {
		wantRefused(t, do(t, m, m.As(mesh.Web), request("GET", target)), 403, "certificate_missing")
	}
}

// A connection that stays open, and one that resumes a TLS session, outlive the certificate.
func TestAnExpiredCertificateIsRefusedOnEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Resumption: true}})
	svid := minttest.SVID(t, m.Shop, mesh.Web, mint.Lifetime(5*time.Second))
	c := mesh.With(svid)
	c.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	kept := m.HTTP1(t, c)
	got, err := kept.Do(request("GET", "/orders/1"))
	if err != nil || got.Status != 200 {
		t.Fatalf("before it expired: %+v, %v", got, err)
	}
	time.Sleep(time.Until(svid.Leaf().NotAfter) + 1100*time.Millisecond) // notAfter itself is valid
	got, err = kept.Do(request("GET", "/orders/1"))
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, got, 403, "certificate_expired")
	resumed := m.HTTP1(t, c)
	if state, _ := resumed.TLS(); !state.DidResume {
		t.Fatal("the session was not resumed, so this proves nothing")
	}
	got, err = resumed.Do(request("GET", "/public/x"))
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, got, 403, "certificate_expired")
}

// With the safe configuration the session cannot be resumed in the first place.
func TestTheSafeConfigurationResumesNoSession(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	c := m.As(mesh.Web)
	c.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for range 2 {
		client := m.HTTP1(t, c)
		if got, err := client.Do(request("GET", "/orders/1")); err != nil || got.Status != 200 {
			t.Fatalf("%+v, %v", got, err)
		}
		if state, _ := client.TLS(); state.DidResume {
			t.Error("the session was resumed")
		}
	}
}

// Duplicates of the headers that Envoy knows arrive as one, joined with a comma, in both encodings.
func TestTwoTokensAreNotAChoice(t *testing.T) {
	t.Parallel()
	for _, joined := range []bool{false, true} {
		t.Run(fmt.Sprintf("joined %v", joined), func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{Gate: mesh.Gate{Joined: joined}})
			good := "authorization: Bearer " + m.Token()
			if got := do(t, m, m.As(mesh.Web), request("GET", "/me", good)); got.Status != 200 {
				t.Fatalf("one token: %d %s", got.Status, got.Body)
			}
			for name, fields := range map[string][]string{
				"the same twice": {good, good},
				"bad after good": {good, "authorization: Bearer x"},
				"good after bad": {"authorization: Bearer x", good},
				"in one field":   {good + ",Bearer x"},
				"another scheme": {"authorization: Basic eDp5", good},
			} {
				got := do(t, m, m.As(mesh.Web), request("GET", "/me", append(fields, marked(name))...))
				if got.Status != 401 || len(m.Upstream.Find(name)) != 0 {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
			}
		})
	}
}

// With normalisation off, bytes that are not UTF-8 are shown as ! and forwarded as they were.
func TestAPathThatEnvoyCannotShowIsRefused(t *testing.T) {
	t.Parallel()
	for _, joined := range []bool{false, true} {
		t.Run(fmt.Sprintf("joined %v", joined), func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{Gate: mesh.Gate{AsSent: true, Joined: joined}})
			c := m.HTTP2(t, m.As(mesh.Web))
			got, err := c.Do(fieldsOf("GET", "/public/caf\xe9"), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantRefused(t, got, 400, "bad_encoding")
			if m.Upstream.Count() != 0 {
				t.Error("it got in")
			}
		})
	}
}

// A request that no route of Envoy's matches is not checked at all; a catch-all route makes every
// request one that is.
func TestEveryRequestIsChecked(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	for _, host := range []string{"orders.test", "else.where", "127.0.0.1"} {
		got := do(t, m, m.As(mesh.Web), "GET /nowhere HTTP/1.1\r\nhost: "+host+"\r\n\r\n")
		wantRefused(t, got, 403, "no_route")
	}
	if n := m.Envoy.Stat("http.inbound.ext_authz.denied"); n != 3 {
		t.Errorf("%d checks for 3 requests", n)
	}
}

// Envoy itself fails a request with more than 100 fields after our additions: ours must be few.
func TestOurHeadersLeaveRoom(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	fields := []string{"authorization: Bearer " + m.Token(), marked("full")}
	for i := range 75 {
		fields = append(fields, fmt.Sprintf("x-%d: 1", i))
	}
	if got := do(t, m, m.As(mesh.Web), request("GET", "/me", fields...)); got.Status != 200 {
		t.Errorf("status %d %s", got.Status, got.Body)
	}
	wantReached(t, m, "full")
}

// The query is the client's, and none of our business: it arrives as it was sent.
func TestTheQueryIsLeftAlone(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	const target = "/public/x?b=2&a=%20&a=1&&=&b=../..//;x"
	do(t, m, m.As(mesh.Web), request("GET", target, marked("query")))
	if got := wantReached(t, m, "query").Path; got != target {
		t.Errorf("the upstream got %q", got)
	}
	if strings.Contains(m.Postern.Output(), "b=2") {
		t.Error("a record has the query")
	}
}

// A CR LF in a header of an answer would split it. Nothing of a request gets into one.
func TestNothingOfTheRequestGetsIntoTheHeadersOfARefusal(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Optional: true, AsSent: true}})
	known := []string{"content-type", "content-length", "cache-control", "www-authenticate", "retry-after", "date", "server", "connection", "x-envoy-upstream-service-time"}
	for _, target := range []string{"/me", "/nowhere/canary", "/public//canary", "/orders/canary"} {
		got := do(t, m, mesh.Anonymous(), request("GET", target, "authorization: canary canary", "x-request-id: canary", "user-agent: canary"))
		for _, f := range got.Fields {
			if !slices.Contains(known, f.Name) || strings.Contains(f.Value, "canary") {
				t.Errorf("%s: the answer has %s: %s", target, f.Name, f.Value)
			}
		}
		if strings.Contains(string(got.Body), "canary") {
			t.Errorf("%s: body %s", target, got.Body)
		}
	}
}

// An HTTP/2 client chooses :scheme, and source.service is a header of the client's. Neither counts.
func TestTheClientsWordsDoNotCount(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	c := m.HTTP2(t, m.As(mesh.Batch))
	fields := append(fieldsOf("GET", "/orders/1"), raw.Field{Name: "x-envoy-downstream-service-cluster", Value: mesh.Web})
	fields[1].Value = "spiffe"
	got, err := c.Do(fields, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status == 200 || m.Upstream.Count() != 0 {
		t.Errorf("status %d, %d got in", got.Status, m.Upstream.Count())
	}
}
