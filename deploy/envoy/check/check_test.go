package check_test

import (
	"slices"
	"testing"

	"github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/deploy/envoy/envoytest"
)

// names returns the rules that the configuration breaks, each once.
func names(t *testing.T, config string, o check.Options) []string {
	t.Helper()
	c, err := check.Read("envoy.yaml", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range check.Run(c, o) {
		all = append(all, f.Rule)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func hardened(t *testing.T) string {
	t.Helper()
	o := envoytest.Options(t)
	o.Upstreams = []envoy.Upstream{envoytest.Upstream(t, "pay=127.0.0.1:9001,pay.shop.test:8443,spiffe://shop.test/ns/shop/sa/pay")}
	o.Admin = envoytest.Address(t, "unix:/run/envoy/admin.sock")
	return envoytest.Bootstrap(t, o)
}
