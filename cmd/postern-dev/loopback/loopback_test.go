package loopback_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/postern/postern/cmd/postern-dev/loopback"
)

func TestListen(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "127.0.0.2:0"} {
		listener, err := loopback.Listen(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
			t.Errorf("%s: listens on %v", address, listener.Addr())
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"", ":0", ":8440", "0.0.0.0:0", "[::]:0", "*:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0", "10.0.0.1:0", "example.test:0", "localhost.example.test:0", "127.0.0.1", "0:0", "unix:///x"} {
		if listener, err := loopback.Listen(address); err == nil {
			t.Errorf("%q: listens on %v", address, listener.Addr())
			_ = listener.Close()
		}
	}
}

func TestGuard(t *testing.T) {
	handler := loopback.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, tc := range []struct {
		name, method, host, header, value string
		want                              int
	}{
		{"address", "GET", "127.0.0.1:8440", "", "", 204},
		{"name", "GET", "localhost", "", "", 204},
		{"name in capitals", "GET", "LOCALHOST:1", "", "", 204},
		{"IPv6", "GET", "[::1]:8440", "", "", 204},
		{"IPv6 without port", "GET", "[::1]", "", "", 204},
		{"POST by curl", "POST", "localhost", "", "", 204},
		{"rebound name", "GET", "evil.test:8440", "", "", 421},
		{"name that ends in localhost", "GET", "evil.localhost", "", "", 421},
		{"name that begins so", "GET", "127.0.0.1.evil.test", "", "", 421},
		{"another address", "GET", "192.0.2.1", "", "", 421},
		{"no host", "GET", "", "", "", 421},
		{"two hosts", "GET", "localhost,evil.test", "", "", 421},
		{"form of another site", "POST", "localhost", "Sec-Fetch-Site", "cross-site", 403},
		{"old browser, another origin", "POST", "localhost", "Origin", "https://evil.test", 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, "/", nil)
			r.Host = tc.host
			if tc.header != "" {
				r.Header.Set(tc.header, tc.value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != tc.want {
				t.Errorf("%d, want %d", w.Code, tc.want)
			}
		})
	}
}

func ExampleListen() {
	_, err := loopback.Listen("0.0.0.0:8440")
	fmt.Println(err)
	// Output: loopback: "0.0.0.0:8440" could be reached from elsewhere; listen on 127.0.0.1, [::1] or localhost
}
