package admin_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/extauthz/admin"
)

// FuzzHost holds that what reads the snapshot named localhost, an address, or our own name.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost", "LOCALHOST.:1", "[::1%eth0]:9902", "evil.test", "own.test", "[own.test]", "1.2.3.4:x", ":", ""} {
		f.Add(seed)
	}
	c := config()
	c.Addr = "own.test:9902"
	handler := admin.New(c)
	f.Fuzz(func(t *testing.T, host string) {
		if get(handler, "/snapshot", func(r *http.Request) { r.Host = host }).Code != http.StatusOK {
			return
		}
		names := []string{host}
		if port := strings.LastIndexByte(host, ':'); port >= 0 {
			names = append(names, host[:port])
		}
		if !slices.ContainsFunc(names, harmless) {
			t.Errorf("host %q reads the snapshot", host)
		}
	})
}

func harmless(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil || name == "localhost" || name == "own.test"
}
