package e2e_test

import (
	"fmt"
	"testing"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestEnvoysWordIsTakenOnlyWhereToldTo is for meshes whose Envoy delivers no certificate.
func TestEnvoysWordIsTakenOnlyWhereToldTo(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{
		Gate:    mesh.Gate{NoCertificate: true},
		Postern: postern.Options{Args: []string{"--callers", "asserted-by-envoy=shop.test"}},
	})
	if got := do(t, m, m.As(mesh.Web), request("GET", "/orders/1", marked("web"))); got.Status != 200 {
		t.Errorf("of the trust domain named: %d %s", got.Status, got.Body)
	}
	if caller := first(wantReached(t, m, "web").Get("x-postern-caller")); caller != mesh.Web {
		t.Errorf("the upstream was told %q", caller)
	}
	ally := mesh.With(minttest.SVID(t, m.Partner, mesh.Ally))
	wantRefused(t, do(t, m, ally, request("GET", "/ally")), 403, "caller_asserted")
	wantRefused(t, do(t, m, m.As(mesh.Batch), request("GET", "/orders/1")), 403, "caller_not_granted")
}

// TestACertificateIsVerifiedEvenWhereEnvoysWordIsTaken: what is delivered is looked at.
func TestACertificateIsVerifiedEvenWhereEnvoysWordIsTaken(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{
		Gate:    mesh.Gate{Untrusted: true},
		Postern: postern.Options{Args: []string{"--callers", "asserted-by-envoy=shop.test"}},
	})
	forged := mesh.With(minttest.SVID(t, m.Stranger, mesh.Web))
	wantRefused(t, do(t, m, forged, request("GET", "/orders/1")), 403, "certificate_untrusted")
}

// TestAnEnvoyOfAnotherWorkloadIsRefused: its own certificate says whom it stands before.
func TestAnEnvoyOfAnotherWorkloadIsRefused(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{Postern: postern.Options{Workload: mesh.Batch}})
	wantRefused(t, do(t, m, m.As(mesh.Web), request("GET", "/orders/1")), 403, "wrong_destination")
}

// TestAHeaderThatARuleReadsIsOneValue in both encodings: an allow wants all values to satisfy, a
// deny any, and a comma in the joined encoding is no value but a doubt.
func TestAHeaderThatARuleReadsIsOneValue(t *testing.T) {
	t.Parallel()
	routes := `  - {name: tier, http: {methods: [GET], path: /tier}, allow: [{callers: [anyone], headers: {x-tier: gold}}]}
  - {name: debug, http: {methods: [GET], path: /debug}, allow: [{callers: [anyone]}], deny: [{headers: {x-debug: {present: true}}}]}
`
	for _, joined := range []bool{false, true} {
		t.Run(fmt.Sprintf("joined %v", joined), func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{
				Policies: map[string]string{"orders.yaml": mesh.Policy(routes)},
				Gate:     mesh.Gate{Cleartext: true, Joined: joined},
			})
			for _, tc := range []struct {
				target string
				fields []string
				pass   bool
			}{
				{"/tier", []string{"x-tier: gold"}, true},
				{"/tier", []string{"X-Tier: gold"}, true},
				{"/tier", nil, false},
				{"/tier", []string{"x-tier: silver"}, false},
				{"/tier", []string{"x-tier: gold", "x-tier: silver"}, false},
				{"/tier", []string{"x-tier: silver", "x-tier: gold"}, false},
				{"/tier", []string{"x-tier: gold,silver"}, false},
				{"/tier", []string{"x-tier: Gold"}, false},
				{"/tier", []string{"x-tier: gold\xff"}, false},
				{"/debug", nil, true},
				{"/debug", []string{"x-debug: 1"}, false},
				{"/debug", []string{"x-debug;"}, false},
				{"/debug", []string{"x-debug:"}, false},
				{"/debug", []string{"X-DEBUG: a, b"}, false},
			} {
				got := do(t, m, nil, request("GET", tc.target, tc.fields...))
				if (got.Status == 200) != tc.pass {
					t.Errorf("%s %q: %d %s", tc.target, tc.fields, got.Status, got.Body)
				}
			}
		})
	}
}
