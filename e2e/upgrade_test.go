package e2e_test

import (
	"io"
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
)

const handshake = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="

// TestAWebSocketIsDecidedBeforeItOpens over HTTP/1.1: who may gets a connection that carries bytes
// both ways, who may not gets plain HTTP, with the whole answer.
func TestAWebSocketIsDecidedBeforeItOpens(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	c := m.HTTP1(t, m.As(mesh.Web))
	got, err := c.Do(request("GET", "/chat", handshake, marked("granted")))
	if err != nil || got.Status != 101 {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := c.Send("hello"); err != nil {
		t.Fatal(err)
	}
	echo := make([]byte, 5)
	if _, err := io.ReadFull(c.Conn(), echo); err != nil || string(echo) != "hello" {
		t.Errorf("echo %q, %v", echo, err)
	}
	if caller := first(wantReached(t, m, "granted").Get("x-postern-caller")); caller != mesh.Web {
		t.Errorf("the upstream was told %q", caller)
	}
	for _, tc := range []struct {
		name, as, target, fields, reason string
	}{
		{"another caller", mesh.Batch, "/chat", handshake, "caller_not_granted"},
		{"a route without upgrades", mesh.Web, "/orders/1", handshake, "no_route"},
		{"a route for upgrades, without one", mesh.Web, "/chat", "x-none: 1", "no_route"},
		{"not canonical", mesh.Web, "/chat;x", handshake, "bad_path"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := do(t, m, m.As(tc.as), request("GET", tc.target, tc.fields, marked(tc.name)))
			status := 403
			if tc.reason == "bad_path" {
				status = 400
			}
			wantRefused(t, got, status, tc.reason)
			if len(m.Upstream.Find(tc.name)) != 0 {
				t.Error("it got in")
			}
		})
	}
}

// TestAWebSocketOverHTTP2 uses the extended CONNECT of RFC 8441, which Envoy shows as a GET.
func TestAWebSocketOverHTTP2(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Loose: true}})
	connect := func(as, target, protocol, mark string) *raw.Response {
		t.Helper()
		fields := fieldsOf("CONNECT", target, marked(mark))
		if protocol != "" {
			fields = append([]raw.Field{{Name: ":protocol", Value: protocol}}, fields...)
		}
		got, err := m.HTTP2(t, m.As(as)).Head(fields)
		if err != nil {
			return &raw.Response{Reset: true} // Envoy closed the connection
		}
		return got
	}
	if got := connect(mesh.Web, "/chat", "websocket", "granted"); got.Status != 200 {
		t.Errorf("granted: %d %s", got.Status, got.Body)
	}
	wantReached(t, m, "granted")
	for name, got := range map[string]*raw.Response{
		"another caller":   connect(mesh.Batch, "/chat", "websocket", "a"),
		"another protocol": connect(mesh.Web, "/chat", "x", "b"),
		"another path":     connect(mesh.Web, "/orders/1", "websocket", "c"),
		"plain CONNECT":    connect(mesh.Web, "/chat", "", "d"),
	} {
		if got.Status == 200 || got.Status == 0 && !got.Reset {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if n := m.Upstream.Count(); n != 1 {
		t.Errorf("%d got in", n)
	}
}

// TestCONNECTIsNeverGranted, though a policy grants every method everywhere and Envoy is told to
// let it through.
func TestCONNECTIsNeverGranted(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Gate: mesh.Gate{Loose: true}, Policies: map[string]string{"orders.yaml": mesh.Policy(
		`  - {name: all, http: {methods: ["*"], path: "/{rest...}"}, allow: [{callers: [anyone]}]}` + "\n")}})
	got := do(t, m, m.As(mesh.Web), "CONNECT orders.test:443 HTTP/1.1\r\nhost: orders.test:443\r\n\r\n")
	wantRefused(t, got, 400, "bad_upgrade")
	got, err := m.HTTP2(t, m.As(mesh.Web)).Do([]raw.Field{{Name: ":method", Value: "CONNECT"}, {Name: ":authority", Value: "orders.test:443"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, got, 400, "bad_upgrade")
	if n := m.Upstream.Count(); n != 0 {
		t.Errorf("%d got in", n)
	}
}
