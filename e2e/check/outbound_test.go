package check_test

import (
	"slices"
	"strings"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// callOrders runs web's Envoy, with a listener for orders, in front of the gate, and sends one
// request to that listener in clear, as web's app does.
func callOrders(t *testing.T, orders *gate, server string, fields ...string) outcome {
	t.Helper()
	p := newPlace(t)
	putSVID(t, p.svid, minttest.SVID(t, orders.Shop, mesh.Web), orders.Shop.BundlePEM())
	o := p.options(t)
	o.Workload = must(config.ParseWorkload(mesh.Web))(t)
	o.Upstreams = []config.Upstream{envoytest.Upstream(t, "orders=127.0.0.1:0,"+orders.addr+","+server)}
	web := p.start(t, envoytest.Bootstrap(t, o))
	through := *orders
	through.addr = web.envoy.Addr("to-orders")
	return through.get(t, nil, "/orders/1?x=1", fields...)
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

func TestAServiceCallsAnother(t *testing.T) {
	p := newPlace(t)
	orders := p.start(t, envoytest.Bootstrap(t, p.options(t)))
	o := callOrders(t, orders, mesh.Orders, forged, "x-postern-caller: admin", "x-postern-user: admin", "x-postern-assertion: admin", "x-envoy-upstream-rq-timeout-ms: 1", "x-mine: 1")
	if !o.let() {
		t.Fatalf("%d %v", o.status, o.err)
	}
	source, request := o.checks[0].GetAttributes().GetSource(), o.checks[0].GetAttributes().GetRequest().GetHttp()
	if source.GetPrincipal() != mesh.Web || request.GetScheme() != "https" || request.GetHost() != orders.addr || request.GetPath() != "/orders/1?x=1" {
		t.Errorf("orders was asked about %s, %s://%s%s", source.GetPrincipal(), request.GetScheme(), request.GetHost(), request.GetPath())
	}
	if got := strings.Join(header(o.checks[0], "x-forwarded-client-cert"), ","); strings.Contains(got, "admin") || !strings.Contains(got, "By="+mesh.Orders) {
		t.Errorf("x-forwarded-client-cert: %s", got)
	}
	for _, name := range []string{"x-forwarded-client-cert", "x-postern-caller", "x-postern-user", "x-postern-assertion", "x-envoy-upstream-rq-timeout-ms", "x-envoy-expected-rq-timeout-ms"} {
		if got := o.reached[0].Get(name); len(got) > 0 {
			t.Errorf("the app of orders got %s: %q", name, got)
		}
	}
	if got := o.reached[0].Get("x-mine"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("x-mine: %q", got)
	}
}

// TestNothingIsSentToAnotherServer: the server proves the SPIFFE ID that was named.
func TestNothingIsSentToAnotherServer(t *testing.T) {
	p := newPlace(t)
	for name, tc := range map[string]struct {
		svid   *mint.SVID
		server string
	}{
		"another service of the mesh": {minttest.SVID(t, p.Shop, mesh.Batch), mesh.Orders},
		"an ID below the one named":   {minttest.SVID(t, p.Shop, mesh.Orders+"/x"), mesh.Orders},
		"a server of somebody's own":  {minttest.SVID(t, p.Stranger, mesh.Orders), mesh.Orders},
		"a partner that says orders":  {minttest.SVID(t, p.Partner, mesh.Orders), mesh.Orders},
	} {
		t.Run(name, func(t *testing.T) {
			putSVID(t, p.svid, tc.svid, p.Shop.BundlePEM())
			orders := p.start(t, envoytest.Bootstrap(t, p.options(t)))
			if o := callOrders(t, orders, tc.server); o.status != 503 || len(o.checks) > 0 {
				t.Errorf("%d, %d checks", o.status, len(o.checks))
			}
		})
	}
}
