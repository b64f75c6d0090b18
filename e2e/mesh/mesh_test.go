package mesh_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
)

// TestEnvoyTakesEveryGate holds that each field gives a configuration that Envoy loads, and one
// that differs from the safe one: a field that does nothing would make a test prove nothing.
func TestEnvoyTakesEveryGate(t *testing.T) {
	w := mesh.NewWorld(t)
	base := mesh.Gate{Authz: "/tmp/authz.sock", Upstream: 1, Files: w.Dir}
	safe := base.Config(t)
	for name, change := range map[string]func(*mesh.Gate){
		"the safe one":            func(*mesh.Gate) {},
		"HTTP/2 upstream":         func(g *mesh.Gate) { g.UpstreamHTTP2 = true },
		"cleartext":               func(g *mesh.Gate) { g.Cleartext = true },
		"one CA":                  func(g *mesh.Gate) { g.TrustedCA = "shop.pem" },
		"no CA":                   func(g *mesh.Gate) { g.TrustedCA = "none" },
		"optional certificates":   func(g *mesh.Gate) { g.Optional = true },
		"untrusted certificates":  func(g *mesh.Gate) { g.Untrusted = true },
		"resumption":              func(g *mesh.Gate) { g.Resumption = true },
		"no certificate":          func(g *mesh.Gate) { g.NoCertificate = true },
		"another XFCC":            func(g *mesh.Gate) { g.XFCC = "APPEND_FORWARD" },
		"joined headers":          func(g *mesh.Gate) { g.Joined = true },
		"paths as sent":           func(g *mesh.Gate) { g.AsSent = true },
		"loose":                   func(g *mesh.Gate) { g.Loose = true },
		"fail open":               func(g *mesh.Gate) { g.FailOpen = true },
		"TLS session":             func(g *mesh.Gate) { g.Session = true },
		"body":                    func(g *mesh.Gate) { g.Body = 10 << 20 },
		"mutations are validated": func(g *mesh.Gate) { g.Mutations = true },
		"timeout":                 func(g *mesh.Gate) { g.Timeout = "0s" },
		"routes are cleared":      func(g *mesh.Gate) { g.ClearRoutes = true },
		"another route":           func(g *mesh.Gate) { g.Routes = "- {match: {prefix: /a}, route: {cluster: upstream}}" },
		"a filter after": func(g *mesh.Gate) {
			g.After = `- {name: cors, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := base
			change(&g)
			config := g.Config(t)
			if (config == safe) != (name == "the safe one") {
				t.Error("the field changes nothing")
			}
			envoy.RequireValid(t, config)
		})
	}
}

func TestWorldFiles(t *testing.T) {
	w := mesh.NewWorld(t)
	for domain, file := range w.Bundles() {
		if !strings.HasPrefix(file, w.Dir) {
			t.Errorf("%s is in %s", domain, file)
		}
	}
	if !strings.Contains(mesh.Policy("  - name: x"), mesh.Orders) {
		t.Error("the policy does not name the workload")
	}
}
