package check_test

import (
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

const (
	types      = `"@type": type.googleapis.com/envoy.`
	perFilter  = "/typed_per_filter_config/envoy.filters.http.ext_authz"
	perRoute   = types + `extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute`
	wrapper    = types + `config.route.v3.FilterConfig`
	router     = `{name: router, typed_config: {` + types + `extensions.filters.http.router.v3.Router}}`
	codec      = `{name: codec, typed_config: {` + types + `extensions.filters.http.upstream_codec.v3.UpstreamCodec}}`
	tcpProxy   = `{filters: [{name: tcp, typed_config: {` + types + `extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: tcp, cluster: app}}]}`
	cacheStore = `{name: cache, typed_config: {` + types + `extensions.filters.http.cache.v3.CacheConfig, typed_config: {` + types + `extensions.http.cache.simple_http_cache.v3.SimpleHttpCacheConfig}}}`
	mutation   = `{name: mutation, typed_config: {` + types + `extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: {request_mutations: [{append: {append_action: OVERWRITE_IF_EXISTS_OR_ADD, header: {key: x-postern-caller, value: admin}}}]}}}`
	rateLimit  = `{name: limit, typed_config: {` + types + `extensions.filters.http.local_ratelimit.v3.LocalRateLimit, stat_prefix: limit, token_bucket: {max_tokens: 1, fill_interval: 1000s},
  filter_enabled: {default_value: {numerator: 100}}, filter_enforced: {default_value: {numerator: 0}},
  request_headers_to_add_when_not_enforced: [{append_action: OVERWRITE_IF_EXISTS_OR_ADD, header: {key: x-postern-user, value: '%REQ(x-claim)%'}}]}}`
	// rewrite sends /nowhere to /public, and everything else where it went.
	rewrite = `{name: lua, typed_config: {` + types + `extensions.filters.http.lua.v3.Lua, default_source_code: {inline_string: "
function envoy_on_request(h)
  if h:headers():get(':path') == '/nowhere' then
    h:headers():replace(':path', '/public')
    h:clearRouteCache()
  end
end"}}}`
	toAdmin = `{name: lua, typed_config: {` + types + `extensions.filters.http.lua.v3.Lua, default_source_code: {inline_string: "
function envoy_on_request(h)
  h:headers():replace(':path', '/admin')
end"}}}`
)

// another asks an authorizer that is not Postern, in the cluster another.
const another = `{name: another, typed_config: {` + types + `extensions.filters.http.ext_authz.v3.ExtAuthz, transport_api_version: V3,
  grpc_service: {envoy_grpc: {cluster_name: another}}, status_on_error: {code: 503}, encode_raw_headers: true, include_peer_certificate: true, validate_mutations: true}}`

// cluster is one that speaks HTTP/2 to a socket.
func cluster(name, socket string) string {
	return "{name: " + name + ", type: STATIC, typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {" + types +
		"extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http2_protocol_options: {}}}}, load_assignment: {cluster_name: " + name +
		", endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: '" + socket + "'}}}}]}]}}"
}

// unlessAsked wraps the printed ext_authz filter so that it is left out for x-skip: 1.
const unlessAsked = `{name: envoy.filters.http.ext_authz, typed_config: {` + types + `extensions.common.matching.v3.ExtensionWithMatcher,
  xds_matcher: {matcher_list: {matchers: [{
    predicate: {single_predicate: {input: {name: h, typed_config: {` + types + `type.matcher.v3.HttpRequestHeaderMatchInput, header_name: x-skip}}, value_match: {exact: '1'}}},
    on_match: {action: {name: skip, typed_config: {` + types + `extensions.filters.common.matcher.action.v3.SkipFilter}}}}]}},
  extension_config: {name: envoy.filters.http.ext_authz, typed_config: {` + types + `extensions.filters.http.ext_authz.v3.ExtAuthz, transport_api_version: V3,
    grpc_service: {envoy_grpc: {cluster_name: postern}}, status_on_error: {code: 503}, encode_raw_headers: true, include_peer_certificate: true, validate_mutations: true}}}}`

func filterAttacks(p *place) []attack {
	upgrade := []string{"connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="}
	websocket := []string{Manager + "/upgrade_configs", "[{upgrade_type: websocket}]"}
	return []attack{
		{"not-checked", "there is no check", nil, []string{Check, ""}, unchecked},
		{"not-checked", "another filter chain goes past the check", nil,
			[]string{Chain + "/filter_chain_match", "{source_prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}", Listener + "/default_filter_chain", tcpProxy},
			func(t *testing.T, g *gate) bool {
				o := g.get(t, nil, "/admin")
				return len(o.reached) > 0 && len(o.checks) == 0
			}},
		{"upgrade-not-checked", "an upgrade goes past the check", websocket,
			[]string{Manager + "/upgrade_configs", "[{upgrade_type: websocket, filters: [" + router + "]}]"}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/admin", upgrade...)
				return len(o.reached) > 0 && len(o.checks) == 0
			}},
		{"filter-disabled", "there is no check", nil, []string{Check + "/disabled", "true"}, unchecked},
		{"filter-conditional", "the caller asks for no check", nil, []string{Check, unlessAsked}, func(t *testing.T, g *gate) bool {
			o := g.get(t, g.web(), "/admin", "x-skip: 1")
			return o.let() && len(o.checks) == 0
		}},
		{"filter-after-check", "the app gets another path than was checked", nil, []string{Filters + "/1", toAdmin, Filters + "/+", router}, reachesAdmin},
		{"filter-after-check", "the router's own filter gives an identity", nil,
			[]string{Filters + "/1/typed_config/upstream_http_filters", "[" + mutation + "," + codec + "]"}, isAdmin},
		{"filter-in-cluster", "the cluster's own filter gives an identity", nil,
			[]string{Clusters + "/1/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
				`{` + types + `extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}, http_filters: [` + mutation + "," + codec + "]}"}, isAdmin},
		{"filter-in-cluster", "the filter of a cluster with a weight gives an identity", []string{Route + "/route", weighted("app")},
			[]string{Clusters + "/1/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
				`{` + types + `extensions.upstreams.http.v3.HttpProtocolOptions, explicit_http_config: {http_protocol_options: {}}, http_filters: [` + mutation + "," + codec + "]}"}, isAdmin},
		{"filter-after-check", "the app gets another path than the first authorizer checked", nil,
			[]string{Filters + "/1", toAdmin, Filters + "/+", another, Filters + "/+", router, Clusters + "/+", cluster("another", p.another)}, reachesAdmin},
		{"filter-after-check", "the second authorizer gives an identity", nil,
			[]string{Filters + "/1", another, Filters + "/+", router, Clusters + "/+", cluster("another", p.another)}, isAdmin},
		{"answered-before-check", "one caller gets what another was allowed",
			[]string{Route + "/response_headers_to_add", "[{header: {key: cache-control, value: max-age=1000}}, {header: {key: date, value: '%START_TIME(%a, %d %b %Y %H:%M:%S GMT)%'}}]"},
			[]string{Filters + "/^", cacheStore}, servesFromCache},
		{"no-catch-all", "a request without a route gets one after the check", []string{Filters + "/1", rewrite, Filters + "/+", router},
			[]string{Route + "/match", "{path: /public}"}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/nowhere")
				return o.let() && len(o.checks) == 0
			}},
	}
}

func reachesAdmin(t *testing.T, g *gate) bool {
	o := g.get(t, g.web(), "/public")
	return o.path() == "/admin" && o.checked() == "/public"
}

func isAdmin(t *testing.T, g *gate) bool {
	o := g.get(t, g.web(), "/")
	return o.let() && len(o.reached[0].Get("x-postern-caller")) > 0
}

// servesFromCache lets web read something, and then takes that back.
func servesFromCache(t *testing.T, g *gate) bool {
	if o := g.get(t, g.web(), "/price"); !o.let() {
		t.Fatalf("the first request did not get through: %d %v", o.status, o.err)
	}
	g.authz.always(deny())
	o := g.get(t, g.web(), "/price")
	return o.status == 200 && len(o.checks) == 0
}
