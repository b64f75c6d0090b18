package check_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const policy = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow: [{callers: [anyone]}]
  - name: orders
    http: {methods: [GET], path: "/orders/{id}"}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web, spiffe://partner.test/ns/a/sa/ally]}]
`

// TestPosternBehindIt runs the real Postern behind what is printed, in both modes.
func TestPosternBehindIt(t *testing.T) {
	p := newPlace(t)
	policies := t.TempDir()
	if err := os.WriteFile(filepath.Join(policies, "orders.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	real := postern.Start(t, postern.Options{Workload: mesh.Orders, Policies: policies, Bundles: p.Bundles()})
	start := func(optional bool) *gate {
		return p.startWith(t, func(o *config.Options) {
			o.Authz = envoytest.Address(t, "unix:"+real.Socket)
			o.Trust = []config.Trust{envoytest.Trust(t, "partner.test="+p.File("partner.pem"))}
			if o.OptionalClients = optional; optional {
				o.ClientCA = p.File("all.pem")
			}
		})
	}
	required, optional := start(false), start(true)
	of := func(ca *mint.CA, id string, options ...mint.Option) *tls.Config {
		return mesh.With(minttest.SVID(t, ca, id, options...))
	}
	const closed = 0 // by Envoy, in the handshake
	for name, tc := range map[string]struct {
		tls                        *tls.Config
		path                       string
		whenRequired, whenOptional int
	}{
		"web":                        {of(p.Shop, mesh.Web), "/orders/1", 200, 200},
		"web, anyone's":              {of(p.Shop, mesh.Web), "/healthz", 200, 200},
		"web, below an intermediate": {of(minttest.Intermediate(t, p.Shop), mesh.Web), "/orders/1", 200, 200},
		"ally":                       {of(p.Partner, mesh.Ally), "/orders/1", 200, 200},
		"batch":                      {of(p.Shop, mesh.Batch), "/orders/1", 403, 403},
		"nobody":                     {mesh.Anonymous(), "/orders/1", closed, 403},
		"nobody, anyone's":           {mesh.Anonymous(), "/healthz", closed, 200},
		"a stranger, anyone's":       {of(p.Stranger, mesh.Web), "/healthz", closed, closed},
		"the partner's CA as web":    {of(p.Partner, mesh.Web), "/orders/1", closed, 403},
		"the partner's CA, anyone's": {of(p.Partner, mesh.Web), "/healthz", closed, 403},
		"two IDs":                    {of(p.Shop, mesh.Web, mint.RawURIs(mesh.Web, mesh.Batch)), "/orders/1", 403, 403},
		"a CA as a client":           {of(p.Shop, mesh.Web, mint.With(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })), "/orders/1", closed, 403},
		"an ID in a DNS name":        {of(p.Shop, "", mint.With(func(c *x509.Certificate) { c.DNSNames = []string{"spiffe://shop.test/ns/shop/sa/web"} })), "/orders/1", closed, 403},
	} {
		for mode, g := range map[string]*gate{"required": required, "optional": optional} {
			want := map[string]int{"required": tc.whenRequired, "optional": tc.whenOptional}[mode]
			o := g.get(t, tc.tls, tc.path)
			if o.status != want || (len(o.reached) > 0) != (want == 200) {
				t.Errorf("%s, %s: %d (%v), want %d", name, mode, o.status, o.err, want)
			}
		}
	}
}
