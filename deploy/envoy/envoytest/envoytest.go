// Package envoytest has a hardened bootstrap for tests, and a way to change one setting of it.
package envoytest

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy"
	yaml "go.yaml.in/yaml/v3"
)

// Options returns options with everything that has no default filled in.
func Options(t testing.TB) envoy.Options {
	t.Helper()
	o := envoy.Defaults()
	o.Workload = must(envoy.ParseWorkload("spiffe://shop.test/ns/shop/sa/orders"))(t)
	o.Listen = Address(t, "0.0.0.0:8443")
	o.App = Address(t, "127.0.0.1:8080")
	o.Authz = Address(t, "unix:///run/postern/authz.sock")
	o.SVIDDir = "/run/postern/svid"
	return o
}

// Address parses an address of a test's own.
func Address(t testing.TB, s string) envoy.Address {
	t.Helper()
	return must(envoy.ParseAddress(s))(t)
}

// Trust parses TRUST_DOMAIN=FILE.
func Trust(t testing.TB, s string) envoy.Trust {
	t.Helper()
	return must(envoy.ParseTrust(s))(t)
}

// Upstream parses NAME=LISTEN,HOST:PORT,SPIFFE_ID.
func Upstream(t testing.TB, s string) envoy.Upstream {
	t.Helper()
	return must(envoy.ParseUpstream(s))(t)
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Bootstrap returns the bootstrap for o.
func Bootstrap(t testing.TB, o envoy.Options) string {
	t.Helper()
	return must(envoy.Bootstrap(o))(t)
}

// The places of a generated bootstrap that tests change, for Apply.
const (
	Listener = "static_resources/listeners/0"
	Chain    = Listener + "/filter_chains/0"
	TLS      = Chain + "/transport_socket/typed_config"
	Common   = TLS + "/common_tls_context"
	Manager  = Chain + "/filters/0/typed_config"
	Filters  = Manager + "/http_filters"
	Check    = Filters + "/0"
	Authz    = Check + "/typed_config"
	Routes   = Manager + "/route_config"
	Host     = Routes + "/virtual_hosts/0"
	Route    = Host + "/routes/0"
	Clusters = "static_resources/clusters"
)

// Apply returns the configuration with edits made in turn. They come in pairs: a place, which is a
// path of names and indices joined by slashes where "+" appends to a list and "^" puts in front of
// it, and the YAML to put there; "" removes what is there.
func Apply(t testing.TB, config string, edits ...string) string {
	t.Helper()
	var root any
	if err := yaml.Unmarshal([]byte(config), &root); err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(edits, 2) {
		var value any
		if err := yaml.Unmarshal([]byte(pair[1]), &value); err != nil {
			t.Fatalf("%s: %v", pair[0], err)
		}
		root = set(t, root, strings.Split(pair[0], "/"), value, pair[1] == "")
	}
	out, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
