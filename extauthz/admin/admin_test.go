package admin_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/postern/postern/extauthz/admin"
)

const addr = "127.0.0.1:9902"

func config() admin.Config {
	registry := prometheus.NewRegistry()
	up := prometheus.NewGauge(prometheus.GaugeOpts{Name: "postern_test", Help: "Is here."})
	up.Set(7)
	registry.MustRegister(up)
	return admin.Config{
		Ready: func() admin.Readiness {
			return admin.Readiness{{Name: "policies", State: admin.OK, Detail: "3 routes"}}
		},
		Keys:     func() []byte { return []byte(`{"keys":[]}`) },
		Snapshot: func() any { return map[string]any{"digest": "sha256:abc", "path": "/a<b>"} },
		Gatherer: registry,
		Addr:     addr,
	}
}

// get asks a handler for a page as its own client would.
func get(h http.Handler, page string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, page, nil)
	r.Host = addr
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func accept(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Accept", value) }
}

func method(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }

func TestPages(t *testing.T) {
	handlers := map[string]http.Handler{"admin": admin.New(config()), "status": admin.Status(config())}
	for _, tc := range []struct {
		handler, page string
		status        int
		kind, has     string
	}{
		{"admin", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"admin", "/readyz", 200, "text/plain; charset=utf-8", "ready\nok        policies: 3 routes\n"},
		{"admin", "/metrics", 200, "text/plain; ", "postern_test 7\n"},
		{"admin", "/snapshot", 200, "application/json", "{\n  \"digest\": \"sha256:abc\",\n  \"path\": \"/a<b>\"\n}\n"},
		{"admin", "/jwks.json", 200, "application/jwk-set+json", `{"keys":[]}`},
		{"admin", "/jwks.json/", 404, "text/plain; charset=utf-8", "not found"},
		{"admin", "/", 200, "text/plain; charset=utf-8", "/snapshot"},
		{"admin", "/debug/pprof/", 404, "text/plain; charset=utf-8", "not found"},
		{"admin", "/snapshot/", 404, "text/plain; charset=utf-8", "not found"},
		{"status", "/healthz", 200, "text/plain; charset=utf-8", "ok\n"},
		{"status", "/readyz", 200, "text/plain; charset=utf-8", "ready\n"},
		{"status", "/metrics", 200, "text/plain; ", "postern_test 7\n"},
		{"status", "/jwks.json", 200, "application/jwk-set+json", `{"keys":[]}`},
		{"status", "/snapshot", 404, "text/plain; charset=utf-8", "not found"},
		{"status", "/", 404, "text/plain; charset=utf-8", "not found"},
	} {
		t.Run(tc.handler+tc.page, func(t *testing.T) {
			w := get(handlers[tc.handler], tc.page)
			if w.Code != tc.status || !strings.HasPrefix(w.Header().Get("Content-Type"), tc.kind) {
				t.Errorf("status %d and type %q, want %d and %q", w.Code, w.Header().Get("Content-Type"), tc.status, tc.kind)
			}
			if !strings.Contains(w.Body.String(), tc.has) {
				t.Errorf("%q has no %q", w.Body.String(), tc.has)
			}
			kept := "no-store"
			if tc.page == "/jwks.json" {
				kept = "max-age=60"
			}
			if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != kept {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestMethods(t *testing.T) {
	for _, page := range []string{"/healthz", "/readyz", "/metrics", "/jwks.json", "/snapshot", "/"} {
		for name, want := range map[string]int{
			"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "PATCH": 405, "OPTIONS": 405, "TRACE": 405, "get": 405,
		} {
			if got := get(admin.New(config()), page, method(name)); got.Code != want {
				t.Errorf("%s %s: status %d, want %d", name, page, got.Code, want)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9902": 200, "LOCALHOST": 200, "localhost.": 200,
		"127.0.0.1": 200, "127.0.0.1:1": 200, "[::1]": 200, "[::1]:9902": 200, "10.1.2.3:9902": 200,
		"postern.internal": 200, "Postern.Internal:9902": 200,
		"": 421, "evil.test": 421, "evil.test:9902": 421, "localhost.evil.test": 421, "127.0.0.1.evil.test": 421,
		"127.0.0.1, evil.test": 421, "user@localhost": 421, "localhost:9902:9902": 421, "[": 421, ":9902": 421, ".": 421,
		"0x7f.1": 421, "2130706433": 421,
	} {
		c := config()
		c.Addr = "postern.internal:9902"
		named := func(r *http.Request) { r.Host = host }
		if got := get(admin.New(c), "/snapshot", named); got.Code != want {
			t.Errorf("host %q: status %d, want %d", host, got.Code, want)
		} else if want != 200 && strings.Contains(got.Body.String(), "abc") {
			t.Errorf("host %q reads the snapshot", host)
		}
		if got := get(admin.Status(c), "/readyz", named); got.Code != 200 {
			t.Errorf("host %q: status %d of a page that any host may have", host, got.Code)
		}
	}
}

func TestNoAddressIsNoHost(t *testing.T) {
	for _, own := range []string{"", ":9902"} {
		c := config()
		c.Addr = own
		if got := get(admin.New(c), "/", func(r *http.Request) { r.Host = "" }); got.Code != 421 {
			t.Errorf("address %q: an empty host has status %d", own, got.Code)
		}
	}
}

func TestSnapshotThatCannotBeShown(t *testing.T) {
	c := config()
	c.Snapshot = func() any { return func() {} }
	if got := get(admin.New(c), "/snapshot"); got.Code != 500 || strings.Contains(got.Body.String(), "func") {
		t.Errorf("status %d, %q", got.Code, got.Body.String())
	}
	c.Snapshot, c.Keys = nil, nil
	if got := get(admin.New(c), "/snapshot"); got.Code != 404 {
		t.Errorf("without one: status %d", got.Code)
	}
	if got := get(admin.New(c), "/jwks.json"); got.Code != 404 || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("without keys: status %d, %v", got.Code, got.Header())
	}
}

// TestServer speaks to the real server as a client over a socket.
func TestServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := admin.Server(admin.New(config()))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	for name, tc := range map[string]struct{ request, want string }{
		"a page":             {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 200 OK"},
		"a rebound name":     {"GET /snapshot HTTP/1.1\r\nHost: evil.test\r\n\r\n", "HTTP/1.1 421 Misdirected Request"},
		"a name in the line": {"GET http://evil.test/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 421 Misdirected Request"},
		"no host":            {"GET /snapshot HTTP/1.0\r\n\r\n", "HTTP/1.0 421 Misdirected Request"},
		"two hosts":          {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"options for all":    {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 Bad Request"},
		"a large header":     {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := say(t, listener.Addr().String(), tc.request); got != tc.want {
				t.Errorf("answered %q, want %q", got, tc.want)
			}
		})
	}
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 || server.IdleTimeout <= 0 {
		t.Error("a client may make the server wait for ever")
	}
}

// say sends bytes and returns the status line.
func say(t *testing.T, to, request string) string {
	t.Helper()
	connection, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func TestMetricsSurviveOneBadSeries(t *testing.T) {
	c := config()
	c.Gatherer.(*prometheus.Registry).MustRegister(broken{})
	if got := get(admin.New(c), "/metrics"); got.Code != 200 || !strings.Contains(got.Body.String(), "postern_test 7") {
		t.Errorf("status %d: %s", got.Code, got.Body.String())
	}
}

// broken collects a metric that is not one.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}

func (broken) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "Broken.", nil, nil), io.ErrUnexpectedEOF)
}

func Example() {
	handler := admin.New(admin.Config{
		Ready: func() admin.Readiness {
			return admin.Readiness{
				{Name: "policies", State: admin.OK, Detail: "14 routes"},
				{Name: "trust bundles", Detail: "none for shop.test", Remedy: "Is the Workload API at --workload-api up?"},
			}
		},
		Gatherer: prometheus.NewRegistry(),
	})
	w := get(handler, "/readyz")
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 503 not ready
	// ok        policies: 14 routes
	// missing   trust bundles: none for shop.test
	//           Is the Workload API at --workload-api up?
}

func decode(t *testing.T, w *httptest.ResponseRecorder) (got struct {
	Ready bool
	Parts []map[string]string
}) {
	t.Helper()
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatalf("%v in %q", err, w.Body)
	}
	return got
}
