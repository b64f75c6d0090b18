package keys_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
)

// proxied counts the connections to the proxy that the environment of all these tests names.
var proxied atomic.Int64 //nolint:gochecknoglobals // TestMain has no other way to a test

// TestMain sets the environment for all tests, because net/http reads it once.
func TestMain(m *testing.M) {
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			proxied.Add(1)
			_ = conn.Close()
		}
	}()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		if err := os.Setenv(name, "http://"+proxy.Addr().String()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

// TestProxyIsNotUsed: a proxy would connect to what is forbidden here, and net/http, which
// never uses one for loopback, would go through it for this address.
func TestProxyIsNotUsed(t *testing.T) {
	from := identity.KeySource{URL: "https://169.254.169.254/jwks", Refresh: time.Minute, MaxStale: time.Hour}
	l := lease(t, "https://idp.test", from)
	keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
	if st := l.Status(); !strings.Contains(st.Error, "no issuer may have") || proxied.Load() != 0 {
		t.Errorf("%d connections to the proxy, and the error is %q", proxied.Load(), st.Error)
	}
}
