package raw_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/raw"
)

// serve answers every connection with exactly these bytes once a request's head has come.
func serve(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			if _, err := conn.Read(buf); err == nil {
				_, _ = io.WriteString(conn, answer)
			}
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestHTTP1ReadsWhatComes(t *testing.T) {
	for _, tc := range []struct {
		name, request, answer string
		status                int
		body                  string
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
		{"until close", "GET", "HTTP/1.0 403 No\r\n\r\nall of it", 403, "all of it"},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", 200, "abc"},
		{"continue first", "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Big\r\nContent-Length: 0\r\n\r\n", 413, ""},
		{"head", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, ""},
		{"no phrase, bare LF", "GET", "HTTP/1.1 999\nContent-Length: 0\n\n", 999, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := raw.DialHTTP1(serve(t, tc.answer), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, err := c.Do(tc.request + " / HTTP/1.1\r\n\r\n")
			if err != nil || got.Status != tc.status || string(got.Body) != tc.body {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestHTTP1RefusesRubbish(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":          "",
		"no status":        "HTTP/1.1\r\n\r\n",
		"cut off":          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
		"negative length":  "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"chunk not hex":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"chunk without LF": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := raw.DialHTTP1(serve(t, answer), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got, err := c.Do("GET / HTTP/1.1\r\n\r\n"); err == nil {
				t.Errorf("read %+v", got)
			}
		})
	}
}

func TestHTTP2AgainstGo(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("trailer", "x-after")
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.RequestURI, body)
		w.Header().Set("x-after", "done")
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c, err := raw.DialHTTP2(s.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fields := []raw.Field{{Name: ":method", Value: "PUT"}, {Name: ":scheme", Value: "https"},
		{Name: ":authority", Value: "h.test"}, {Name: ":path", Value: "/a%2Fb?c"}}
	for range 2 {
		got, err := c.Do(fields, []byte(strings.Repeat("x", 20_000)))
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != 200 || !strings.HasPrefix(string(got.Body), "PUT h.test /a%2Fb?c xxx") || !slices.Equal(got.Trailer("x-after"), []string{"done"}) {
			t.Errorf("got %d %.40q, trailers %v", got.Status, got.Body, got.Trailers)
		}
	}
	got, err := c.Do(append(fields, raw.Field{Name: "X-Capital", Value: "1"}), nil)
	if err != nil || !got.Reset || got.Status != 0 {
		t.Errorf("an illegal field: %+v, %v, want a reset stream", got, err)
	}
	if state, ok := c.TLS(); !ok || state.NegotiatedProtocol != "h2" {
		t.Errorf("TLS state %v %v", state.NegotiatedProtocol, ok)
	}
}

// TestAnyServerName holds that bytes which are no host name reach the server as its SNI, which
// the tests of what such bytes do to Envoy rest on.
func TestAnyServerName(t *testing.T) {
	var seen string
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		seen = hello.ServerName
		return nil, nil
	}}
	s.StartTLS()
	defer s.Close()
	c, err := raw.DialHTTP1(s.Listener.Addr().String(), &tls.Config{ServerName: "a\xff.test", InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if seen != "a\xff.test" {
		t.Errorf("the server saw %q", seen)
	}
}

func ExampleHTTP1_Do() {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c, err := raw.DialHTTP1(s.Listener.Addr().String(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	answer, err := c.Do("GET /..;/%00 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
	fmt.Println(answer.Status, err)
	// Output: 400 <nil>
}
