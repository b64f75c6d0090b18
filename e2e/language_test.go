package e2e_test

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const languageRoutes = `
  - {name: own, http: {methods: [GET], path: "/customers/{customer_id}"}, allow: [{name: herself, callers: [anyone], user: {provider: shop-idp}, when: user.claims.customer_id == params.customer_id}]}
  - {name: teams, http: {methods: [GET], path: /teams}, allow: [{callers: [anyone], when: 'header("x-team") == ["red"] && query("dry") == ["1"]'}], deny: [{when: 'header("x-team").exists(t, t == "blue")'}]}
  - {name: inside, http: {methods: [GET], path: /inside}, allow: [{callers: [anyone], when: 'cidr("127.0.0.0/8").containsIP(source.ip) && caller.trust_domain == "shop.test"'}]}
  - {name: admin, http: {methods: [GET, POST], path: "/admin/{page}"}, allow: [{callers: [anyone]}]}
  - {name: tried, http: {methods: [GET], path: /tried}, allow: [{callers: [anyone]}], deny: [{name: soon, headers: {x-old: {present: true}}, shadow: true}]}
  - {name: plain, http: {methods: [POST], path: /shop.v1.Plain/Get}, allow: [{callers: [anyone]}]}
`

const languageGuardrails = `apiVersion: postern.dev/v1alpha1
kind: MeshPolicy
metadata: {name: company}
spec:
  guardrails:
  - name: admin-needs-mfa
    workloads: ["spiffe://shop.test/ns/*/sa/*"]
    http: {path: "/admin/{rest...}"}
    except: [{http: {methods: [GET], path: /admin/healthz}}]
    require: {user: {provider: shop-idp, acr: mfa}}
  - name: no-partners
    workloads: ["spiffe://shop.test/**"]
    deny: {callers: ["spiffe://partner.test/**"]}
  - name: nothing-plain
    workloads: ["spiffe://shop.test/**"]
    grpc: {service: shop.v1.Plain}
    deny: {callers: [anyone]}
`

// TestTheLanguageOnEnvoy has conditions, guardrails and shadow rules decide on requests as the
// real Envoy shows them.
func TestTheLanguageOnEnvoy(t *testing.T) {
	t.Parallel()
	m := mesh.Start(t, mesh.Setup{Policies: map[string]string{
		"orders.yaml": mesh.Policy(languageRoutes), "idp.yaml": mesh.Provider, "mesh.yaml": languageGuardrails,
	}})
	bearer := func(edits ...func(map[string]any)) string { return "authorization: Bearer " + m.Token(edits...) }
	seven, mfa := mint.Set("customer_id", "7"), mint.Set("acr", "mfa")
	for _, tc := range []struct {
		name, caller, method, target string
		fields                       []string
		status                       int
		reason, rule                 string
	}{
		{"her own", mesh.Web, "GET", "/customers/7", []string{bearer(seven)}, 200, "allowed", "herself"},
		{"another's", mesh.Web, "GET", "/customers/8", []string{bearer(seven)}, 403, "not_granted", ""},
		{"her own, escaped", mesh.Web, "GET", "/customers/%37", []string{bearer(seven)}, 200, "allowed", "herself"},
		{"a number for a text", mesh.Web, "GET", "/customers/7", []string{bearer(mint.Set("customer_id", 7))}, 403, "not_granted", ""},
		{"no claim", mesh.Web, "GET", "/customers/7", []string{bearer()}, 403, "not_granted", ""},
		{"no user", mesh.Web, "GET", "/customers/7", nil, 401, "credential_missing", ""},
		{"header and query", mesh.Web, "GET", "/teams?dry=1", []string{"x-team: red"}, 200, "allowed", ""},
		{"a second header", mesh.Web, "GET", "/teams?dry=1", []string{"x-team: red", "x-team: green"}, 403, "not_granted", ""},
		{"a second header that is denied", mesh.Web, "GET", "/teams?dry=1", []string{"x-team: red", "x-team: blue"}, 403, "denied_by_rule", ""},
		{"a second parameter", mesh.Web, "GET", "/teams?dry=1&dry=0", []string{"x-team: red"}, 403, "not_granted", ""},
		{"an escaped parameter", mesh.Web, "GET", "/teams?d%72y=%31", []string{"x-team: red"}, 200, "allowed", ""},
		{"a query in two readings", mesh.Web, "GET", "/teams?dry=1;x=2", []string{"x-team: red"}, 403, "not_granted", ""},
		{"a source", mesh.Web, "GET", "/inside", nil, 200, "allowed", ""},
		{"another trust domain", mesh.Ally, "GET", "/inside", nil, 403, "denied_by_guardrail", "no-partners"},
		{"required, and no user", mesh.Web, "GET", "/admin/x", nil, 401, "credential_missing", "admin-needs-mfa"},
		{"required, and too weak", mesh.Web, "GET", "/admin/x", []string{bearer()}, 401, "step_up_required", "admin-needs-mfa"},
		{"required and met", mesh.Web, "GET", "/admin/x", []string{bearer(mfa)}, 200, "allowed", ""},
		{"taken out", mesh.Web, "GET", "/admin/healthz", nil, 200, "allowed", ""},
		{"taken out for another method", mesh.Web, "POST", "/admin/healthz", nil, 401, "credential_missing", "admin-needs-mfa"},
		{"a service's path as plain HTTP", mesh.Web, "POST", "/shop.v1.Plain/Get", nil, 403, "denied_by_guardrail", "nothing-plain"},
		{"a shadow that would deny", mesh.Web, "GET", "/tried", []string{"x-old: 1"}, 200, "allowed", ""},
	} {
		before := len(m.Postern.Records())
		answer := do(t, m, certified(t, m, tc.caller), request(tc.method, tc.target, tc.fields...))
		eventually(t, "the record", func() bool { return len(m.Postern.Records()) > before })
		record := m.Postern.Records()[before]
		if answer.Status != tc.status || record.Text("reason") != tc.reason || record.Text("rule_name") != tc.rule {
			t.Errorf("%s: %d %q, recorded %v; want %d %s by %q", tc.name, answer.Status, answer.Body, record, tc.status, tc.reason, tc.rule)
		}
		if strings.HasPrefix(tc.name, "a shadow") {
			if shadow, ok := record["shadow"].(map[string]any); !ok || shadow["decision"] != "deny" || shadow["rule_name"] != "soon" {
				t.Errorf("the shadow verdict is recorded as %v", record["shadow"])
			}
		}
	}
	_, metrics, err := m.Postern.Get("/metrics")
	if want := `postern_shadow_decisions_total{policy="shop/orders",route="tried",would="deny"} 1`; err != nil || !strings.Contains(metrics, want) {
		t.Errorf("the metrics (%v) lack %s", err, want)
	}
}

// certified is a client with a certificate of its own trust domain's CA.
func certified(t *testing.T, m *mesh.Mesh, id string) *tls.Config {
	if id == mesh.Ally {
		return mesh.With(minttest.SVID(t, m.Partner, id))
	}
	return m.As(id)
}

// TestOnboardingOnEnvoy lets through what nothing allows, until its end, and never what a
// guardrail denies.
func TestOnboardingOnEnvoy(t *testing.T) {
	t.Parallel()
	m := mesh.Start(t, mesh.Setup{Policies: map[string]string{
		"orders.yaml": mesh.Policy(languageRoutes), "idp.yaml": mesh.Provider, "mesh.yaml": languageGuardrails,
	}})
	as := m.As(mesh.Web)
	nowhere := func() int { return do(t, m, as, request("GET", "/nowhere")).Status }
	onboard := func(life time.Duration) (until time.Time) {
		until = time.Now().Add(life).UTC().Truncate(time.Second)
		m.Write(t, "mesh.yaml", languageGuardrails+fmt.Sprintf("  onboarding:\n  - {workloads: [%s], until: %s}\n", mesh.Orders, until.Format(time.RFC3339)))
		return until
	}
	onboard(time.Hour)
	eventually(t, "a request that nothing allows is let through", func() bool { return nowhere() == 200 })
	if got := do(t, m, as, request("GET", "/customers/7", "authorization: Bearer x")); got.Status != 200 {
		t.Errorf("a bad credential: %d %s", got.Status, got.Body)
	}
	wantRefused(t, do(t, m, certified(t, m, mesh.Ally), request("GET", "/nowhere")), 403, "denied_by_guardrail")
	wantRefused(t, do(t, m, as, request("GET", "/admin/nowhere/at/all")), 403, "no_route")
	wantRefused(t, do(t, m, as, request("GET", "/nowhere;x=1")), 400, "bad_path")
	until := onboard(5 * time.Second)
	eventually(t, "the onboarding ends", func() bool { return nowhere() == 403 })
	if early := time.Until(until); early > 0 {
		t.Errorf("the onboarding ended %v early", early)
	}
}
