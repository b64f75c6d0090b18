// Package loopback keeps postern-dev out of everybody's reach but this machine's.
package loopback

import (
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Listen listens on a TCP address such as "127.0.0.1:8440", "localhost:0" or "[::1]:0". An
// address that is not on the loopback interface, or names none, is an error.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("loopback: %w", err)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("loopback: %q could be reached from elsewhere; listen on 127.0.0.1, [::1] or localhost", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("loopback: %w", err)
	}
	// localhost is whatever the resolver says it is.
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		_ = listener.Close() // it must not serve; nothing depends on the outcome
		return nil, fmt.Errorf("loopback: %q resolved to %v, which could be reached from elsewhere", address, listener.Addr())
	}
	return listener, nil
}

// Guard answers 421 to every request whose Host is not this machine, so that no web page can
// reach next by a name of its own that resolves to 127.0.0.1 (DNS rebinding), and 403 to what
// a page of another origin makes a browser send.
func Guard(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(hostOf(r.Host)) {
			http.Error(w, "postern-dev answers to localhost only", http.StatusMisdirectedRequest)
			return
		}
		sameOrigin.ServeHTTP(w, r)
	})
}

// hostOf takes the port off, and the brackets of an IPv6 address.
func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
