package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy/check"
	. "github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/deploy/envoy/tree"
	"github.com/postern/postern/policy/syntax"
)

func TestWhatIsNoConfiguration(t *testing.T) {
	for name, tc := range map[string]struct{ text, wrong string }{
		"nothing":                 {"", "empty"},
		"a policy":                {"apiVersion: postern.dev/v1alpha1\n", "neither a bootstrap"},
		"no listener":             {"static_resources: {clusters: []}\n", "no listener"},
		"clusters from elsewhere": {"dynamic_resources: {cds_config: {ads: {}}}\n", "no listener"},
		"an empty dump":           {`{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump"}]}`, "no listener"},
		"a key twice":             {"static_resources: {}\nstaticResources: {}\n", "twice"},
	} {
		c, err := check.Read("envoy.yaml", []byte(tc.text))
		if c != nil || err == nil || !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: %v, want %q", name, err, tc.wrong)
		}
	}
}

func TestListenersFromElsewhereAreAFinding(t *testing.T) {
	if got := names(t, "dynamic_resources: {lds_config: {ads: {}}}", check.Options{}); !slices.Equal(got, []string{"not-seen"}) {
		t.Errorf("%v", got)
	}
}

// dump is a config_dump around the parts of a bootstrap. %s are more parts.
func dump(t *testing.T, bootstrap string, more string) string {
	t.Helper()
	root, err := tree.Parse("envoy.yaml", []byte(bootstrap))
	if err != nil {
		t.Fatal(err)
	}
	const admin = `"@type": "type.googleapis.com/envoy.admin.v3.`
	return fmt.Sprintf(`{"configs": [{%sBootstrapConfigDump", "bootstrap": %s} %s]}`, admin, root.JSON(), more)
}

func part(kind, fields string) string {
	return `, {"@type": "type.googleapis.com/envoy.admin.v3.` + kind + `", ` + fields + "}"
}

func asJSON(t *testing.T, yaml string, path ...string) string {
	t.Helper()
	root, err := tree.Parse("part.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	n := root.Get(path...)
	if list := n.List(); len(list) > 0 {
		n = list[0]
	}
	return string(n.JSON())
}

// TestConfigDumps: what is delivered is seen, in whichever part of a dump it stands.
func TestConfigDumps(t *testing.T) {
	sound := hardened(t)
	weak := Apply(t, sound, Authz+"/failure_mode_allow", "true")
	rds := Apply(t, sound, Routes, "", Manager+"/rds", "{route_config_name: inbound, config_source: {ads: {}}}")
	ecds := Apply(t, sound, Check+"/typed_config", "", Check+"/config_discovery", "{config_source: {ads: {}}}")
	sds := Apply(t, sound, Common+"/validation_context", "", Common+"/validation_context_sds_secret_config", "{name: trust, sds_config: {ads: {}}}")
	listener := func(text string) string { return asJSON(t, text, "static_resources", "listeners") }
	routes := asJSON(t, sound, "static_resources")
	root, err := tree.Parse("x", []byte(routes))
	if err != nil {
		t.Fatal(err)
	}
	manager := root.Get("listeners").List()[0].Get("filter_chains").List()[0].Get("filters").List()[0].Get("typed_config")
	inline := string(manager.Get("route_config").JSON())
	unrouted := strings.Replace(inline, `"prefix": "/"`, `"prefix": "/x"`, 1)
	filter := func(edit string) string {
		return strings.Replace(string(manager.Get("http_filters").List()[0].JSON()), `"failure_mode_allow": false`, edit, 1)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"the bootstrap alone":            {dump(t, weak, ""), "failure-mode-allow"},
		"sound":                          {dump(t, sound, ""), ""},
		"static listeners":               {dump(t, sound, part("ListenersConfigDump", `"static_listeners": [{"listener": `+listener(weak)+`}]`)), "failure-mode-allow"},
		"an active listener":             {dump(t, sound, part("ListenersConfigDump", `"dynamic_listeners": [{"name": "a", "active_state": {"listener": `+listener(weak)+`}}]`)), "failure-mode-allow"},
		"a warming listener":             {dump(t, sound, part("ListenersConfigDump", `"dynamic_listeners": [{"active_state": {"listener": `+listener(sound)+`}, "warming_state": {"listener": `+listener(weak)+`}}]`)), "failure-mode-allow"},
		"a refused listener":             {dump(t, sound, part("ListenersConfigDump", `"dynamic_listeners": [{"active_state": {"listener": `+listener(sound)+`}, "error_state": {"failed_configuration": `+listener(weak)+`}}]`)), ""},
		"routes that did not come":       {dump(t, rds, ""), "not-seen"},
		"routes that came":               {dump(t, rds, part("RoutesConfigDump", `"dynamic_route_configs": [{"route_config": `+inline+`}]`)), ""},
		"routes that came, weak":         {dump(t, rds, part("RoutesConfigDump", `"dynamic_route_configs": [{"route_config": `+unrouted+`}]`)), "no-catch-all"},
		"a filter that did not come":     {dump(t, ecds, ""), "not-checked"},
		"a filter that came":             {dump(t, ecds, part("EcdsConfigDump", `"ecds_filters": [{"ecds_filter": `+filter(`"failure_mode_allow": false`)+`}]`)), ""},
		"a filter that came, weak":       {dump(t, ecds, part("EcdsConfigDump", `"ecds_filters": [{"ecds_filter": `+filter(`"failure_mode_allow": true`)+`}]`)), "failure-mode-allow"},
		"a secret that did not come":     {dump(t, sds, ""), ""},
		"a secret that came, empty":      {dump(t, sds, part("SecretsConfigDump", `"dynamic_active_secrets": [{"secret": {"name": "trust", "validation_context": {}}}]`)), "tls-trusts-nobody"},
		"a secret that came":             {dump(t, sds, part("SecretsConfigDump", `"dynamic_active_secrets": [{"secret": {"name": "trust", "validation_context": {"trusted_ca": {"filename": "/a"}}}}]`)), ""},
		"a cluster elsewhere":            {dump(t, sound, part("ClustersConfigDump", `"static_clusters": [{"cluster": {"name": "postern", "type": "EDS"}}]`)), "authz-in-clear"},
		"the authorizer's cluster again": {dump(t, sound, part("ClustersConfigDump", `"dynamic_active_clusters": [{"cluster": `+asJSON(t, sound, "static_resources", "clusters")+`}]`)), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if tc.want != "" {
				want = []string{tc.want}
			}
			got := names(t, tc.text, check.Options{})
			if !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", got, want)
			}
		})
	}
}

func TestScopedRoutes(t *testing.T) {
	sound := hardened(t)
	for scoped, want := range map[string][]string{
		"{name: s, scoped_rds: {}}": {"not-seen"},
		"{name: s, scoped_route_configurations_list: {scoped_route_configurations: [{name: a, route_configuration: {virtual_hosts: [{domains: ['*'], routes: [{match: {prefix: /}}]}]}}]}}": nil,
		"{name: s, scoped_route_configurations_list: {scoped_route_configurations: [{name: a, route_configuration: {virtual_hosts: []}}]}}":                                                 {"no-catch-all"},
	} {
		if got := names(t, Apply(t, sound, Routes, "", Manager+"/scoped_routes", scoped), check.Options{}); !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", scoped, got, want)
		}
	}
}

func TestOptionalClientsCanBeMeant(t *testing.T) {
	config := Apply(t, hardened(t), TLS+"/require_client_certificate", "false")
	if got := names(t, config, check.Options{OptionalClients: true}); got != nil {
		t.Errorf("found %v", got)
	}
}

func TestHeadersThatPoliciesRead(t *testing.T) {
	documents, err := syntax.Parse("p.yaml", []byte(`apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  deny:
  - headers: {x-debug: {present: true}}
  routes:
  - name: read
    http: {methods: [GET], path: /orders}
    deny: [{headers: {x-old: "1"}}]
    allow:
    - callers: [anyone]
      headers: {x-tenant: "1"}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: idp}
spec:
  jwt: {issuer: "https://idp.test/", audiences: [a], algorithms: [ES256], jwks: {url: "https://idp.test/jwks"}}
  from: {cookie: session}
`))
	if err != nil {
		t.Fatal(err)
	}
	headers := check.Reads(documents)
	for name, line := range map[string]string{"x-debug": "p.yaml:7", "x-old": "p.yaml:11", "x-tenant": "p.yaml:14", "cookie": "p.yaml:16"} {
		if !strings.HasPrefix(headers[name], line+":") {
			t.Errorf("%s is read at %q, want %s", name, headers[name], line)
		}
		config := Apply(t, hardened(t), Authz+"/disallowed_headers", "{patterns: [{exact: "+name+"}]}")
		if got := names(t, config, check.Options{}); got != nil {
			t.Errorf("%s: without policies found %v", name, got)
		}
		if got := names(t, config, check.Options{Headers: headers}); !slices.Equal(got, []string{"headers-hidden"}) {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if len(headers) != 4 {
		t.Errorf("%v", headers)
	}
}

func TestFindingsNameTheirPlace(t *testing.T) {
	c, err := check.Read("envoy.yaml", []byte(Apply(t, hardened(t), Authz+"/failure_mode_allow", "yes", Authz+"/validate_mutations", "")))
	if err != nil {
		t.Fatal(err)
	}
	findings := check.Run(c, check.Options{})
	if len(findings) != 2 || findings[0].Line > findings[1].Line {
		t.Fatalf("%v", findings)
	}
	for _, f := range findings {
		text := f.String()
		if f.Line == 0 || f.Column == 0 || !strings.Contains(f.Path, "http_filters[0].typed_config") || !strings.HasPrefix(text, fmt.Sprintf("envoy.yaml:%d:%d: %s: ", f.Line, f.Column, f.Rule)) {
			t.Errorf("%s", text)
		}
		if !strings.Contains(text, f.Permits) || !strings.Contains(text, f.Fix) {
			t.Errorf("%s", text)
		}
	}
}

// FuzzRun: no configuration makes a rule panic, and each finding says everything.
func FuzzRun(f *testing.F) {
	for _, seed := range []string{"static_resources: {listeners: [{}]}", `{"configs": [{}]}`, "static_resources: {listeners: [{filter_chains: [{filters: [{typed_config: {'@type': a}}]}]}]}", "null", "[]", "true"} {
		f.Add(seed)
	}
	f.Add(Bootstrap(f, Options(f)))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := check.Read("envoy.yaml", []byte(text))
		if err != nil {
			return
		}
		for _, finding := range check.Run(c, check.Options{}) {
			if finding.Rule == "" || finding.Permits == "" || finding.Fix == "" || finding.Found == "" {
				t.Errorf("%+v", finding)
			}
		}
	})
}

func Example() {
	c, err := check.Read("envoy.yaml", []byte(`
admin: {address: {socket_address: {address: 0.0.0.0, port_value: 9901}}}
static_resources: {listeners: [{name: egress, address: {pipe: {path: /run/egress.sock}}}]}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range check.Run(c, check.Options{}) {
		fmt.Printf("%s:%d:%d %s: %s\n", f.File, f.Line, f.Column, f.Rule, f.Found)
	}
	// Output: envoy.yaml:2:18 admin-reachable: the admin interface listens on "0.0.0.0"
}
