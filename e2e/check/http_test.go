package check_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/raw"
)

const common = Manager + "/common_http_protocol_options"

func httpAttacks() []attack {
	return []attack{
		{"path-not-normalised", "the app gets a path of other bytes than was checked", []string{Authz + "/encode_raw_headers", "false"},
			[]string{Manager + "/normalize_path", "false"}, func(t *testing.T, g *gate) bool {
				o := g.get2(t, g.web(), "/caf\xe9")
				return o.let() && o.path() != o.checked()
			}},
		{"path-not-normalised", "the app gets dot segments", nil,
			[]string{Manager + "/normalize_path", ""}, func(t *testing.T, g *gate) bool {
				return strings.Contains(g.get(t, g.web(), "/public/../admin").path(), "..")
			}},
		{"path-escaped-slashes", "an app that decodes reads /admin", nil,
			[]string{Manager + "/path_with_escaped_slashes_action", "KEEP_UNCHANGED"}, escapedSlashGetsThrough},
		{"path-escaped-slashes", "an app that decodes reads /admin", nil,
			[]string{Manager + "/path_with_escaped_slashes_action", ""}, escapedSlashGetsThrough},
		{"chunked-length", "a request with two lengths gets through", nil,
			[]string{Manager + "/http_protocol_options/allow_chunked_length", "true"}, func(t *testing.T, g *gate) bool {
				return g.send(t, g.web(), "POST / HTTP/1.1\r\nhost: a\r\nx-case: MARK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").let()
			}},
		{"connect", "a tunnel carries requests that nobody checks",
			[]string{Host + "/routes/^", "{match: {connect_matcher: {}}, route: {cluster: app, upgrade_configs: [{upgrade_type: CONNECT, enabled: false, connect_config: {}}]}}"},
			[]string{Manager + "/upgrade_configs", "[{upgrade_type: CONNECT}]", Host + "/routes/0/route/upgrade_configs/0/enabled", "true"}, tunnels},
		{"proxy-protocol", "the caller chooses its address", nil, []string{Listener + "/listener_filters",
			`[{name: p, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol, allow_requests_without_proxy_protocol: true}}]`},
			choosesItsAddress},
		{"stream-duration", "a request lasts as long as the caller likes", []string{common + "/max_stream_duration", "1s"},
			[]string{common + "/max_stream_duration", ""}, lastsForTwoSeconds},
		{"stream-duration", "a route takes the limit back", []string{common + "/max_stream_duration", "1s"},
			[]string{Route + "/route/max_stream_duration", "{max_stream_duration: 0s}"}, lastsForTwoSeconds},
	}
}

func escapedSlashGetsThrough(t *testing.T, g *gate) bool {
	return strings.Contains(g.get(t, g.web(), "/public/..%2fadmin").path(), "%2f")
}

// tunnels opens a tunnel to the app and speaks plain HTTP through it.
func tunnels(t *testing.T, g *gate) bool {
	conn, err := raw.DialHTTP1(g.addr, g.web())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	opening := "CONNECT orders.test:80 HTTP/1.1\r\nhost: orders.test:80\r\n\r\n"
	if err := conn.Send(opening); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, len("HTTP/1.1 200"))
	if _, err := io.ReadFull(conn.Conn(), head); err != nil || !strings.HasSuffix(string(head), "200") {
		return false
	}
	mark := newMark()
	if err := conn.Send("GET /admin HTTP/1.1\r\nhost: a\r\nx-case: " + mark + "\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if len(g.app.Find(mark)) > 0 {
			return len(g.authz.find(mark)) == 0
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

// choosesItsAddress says in the PROXY protocol where it comes from, before TLS begins.
func choosesItsAddress(t *testing.T, g *gate) bool {
	through := dialThrough(t, g.addr, "PROXY TCP4 10.1.2.3 10.4.5.6 1111 2222\r\n")
	conn, err := raw.DialHTTP1(through, g.web())
	if err != nil {
		return false
	}
	defer conn.Close()
	mark := newMark()
	if _, err := conn.Do("GET / HTTP/1.1\r\nhost: a\r\nx-case: " + mark + "\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	checks := g.authz.find(mark)
	return len(checks) > 0 && checks[0].GetAttributes().GetSource().GetAddress().GetSocketAddress().GetAddress() == "10.1.2.3"
}

// dialThrough returns an address behind which one connection goes on to addr, after a preamble.
func dialThrough(t *testing.T, addr, preamble string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		in, err := listener.Accept()
		if err != nil {
			return
		}
		defer in.Close()
		out, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer out.Close()
		if _, err := io.WriteString(out, preamble); err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(out, in)
			out.Close()
		}()
		_, _ = io.Copy(in, out)
	}()
	return listener.Addr().String()
}

// lastsForTwoSeconds sends a request of which the end comes two seconds after the beginning.
func lastsForTwoSeconds(t *testing.T, g *gate) bool {
	conn, err := raw.DialHTTP1(g.addr, g.web())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\na"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // the thing itself: a stream of two seconds
	if err := conn.Send("b"); err != nil {
		return false
	}
	response, err := conn.Receive(false)
	return err == nil && response.Status == 200
}
