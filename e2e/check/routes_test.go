package check_test

import (
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

// The caller names a host in a header, or as the host, and there are clusters that go there.
const (
	byHeader  = "{name: elsewhere, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, original_dst_lb_config: {use_http_header: true, http_header_name: x-goes-to}}"
	dnsCache  = "dns_cache_config: {name: cache, dns_lookup_family: V4_ONLY}"
	byHost    = "{name: forward, lb_policy: CLUSTER_PROVIDED, cluster_type: {name: envoy.clusters.dynamic_forward_proxy, typed_config: {" + types + "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig, " + dnsCache + "}}}"
	resolver  = "{name: forward, typed_config: {" + types + "extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig, " + dnsCache + "}}"
	byRequest = "{inline_cluster_specifier_plugin: {extension: {name: lua, typed_config: {" + types + `extensions.router.cluster_specifiers.lua.v3.LuaConfig, default_cluster: app, source_code: {inline_string: "
function envoy_on_route(route)
  return route:headers():get('x-cluster')
end"}}}}}`
)

func weighted(cluster string) string {
	return "{weighted_clusters: {clusters: [{name: " + cluster + ", weight: 1}]}}"
}

func routeAttacks(p *place) []attack {
	other := []string{Clusters + "/+", "{name: other, type: STATIC}"}
	return []attack{
		{"route-disabled", "a route is not checked", nil, []string{Route + perFilter, "{" + perRoute + ", disabled: true}"}, unchecked},
		{"route-disabled", "a virtual host is not checked, in the other spelling", nil, []string{Host + perFilter, "{" + wrapper + ", disabled: true}"}, unchecked},
		{"route-disabled", "nothing is checked, in both spellings at once", nil,
			[]string{Routes + perFilter, "{" + wrapper + ", config: {" + perRoute + ", disabled: true}}"}, unchecked},
		{"route-authorizer", "another authorizer decides, and there is none",
			[]string{Authz + "/failure_mode_allow", "true"},
			[]string{Route + perFilter, "{" + perRoute + ", check_settings: {grpc_service: {envoy_grpc: {cluster_name: app}}}}"}, unchecked},
		{"upstream-by-client", "the caller names the cluster", other, []string{Route + "/route", "{cluster_header: x-cluster}"}, reachesOther},
		{"upstream-by-client", "the caller names the cluster, and a script takes it", other, []string{Route + "/route", byRequest}, reachesOther},
		{"upstream-by-client", "the caller names the address, where a cluster has a weight", nil,
			[]string{Clusters + "/+", byHeader, Route + "/route", weighted("elsewhere")}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/", "x-goes-to: 127.0.0.1:"+p.yes)
				return o.status == 200 && len(o.reached) == 0
			}},
		{"upstream-by-client", "the caller's host is where its request goes", []string{Filters + "/^", resolver},
			[]string{Clusters + "/+", byHost, Route + "/route", weighted("forward")}, func(t *testing.T, g *gate) bool {
				o := g.send(t, g.web(), "GET / HTTP/1.1\r\nhost: 127.0.0.1:"+p.yes+"\r\nx-case: MARK\r\n\r\n")
				return o.status == 200 && len(o.reached) == 0
			}},
	}
}

func reachesOther(t *testing.T, g *gate) bool {
	return g.get(t, g.web(), "/", "x-cluster: other").status == 503
}
