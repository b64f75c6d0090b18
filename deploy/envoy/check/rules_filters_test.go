package check_test

import (
	"strings"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

const (
	perFilter  = "/typed_per_filter_config/envoy.filters.http.ext_authz"
	perRoute   = `"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute`
	wrapper    = `"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig`
	lua        = `{name: lua, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua}}`
	rbac       = `{name: rbac, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC}}`
	router     = `{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}`
	cache      = `{name: cache, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.cache.v3.CacheConfig}}`
	typed      = `{name: lua, typed_config: {"@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, value: {}}}`
	matching   = `{name: m, typed_config: {"@type": type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher, extension_config: {name: a, typed_config: ` + soundAuthz + `}}}`
	soundAuthz = `{"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz, transport_api_version: V3, grpc_service: {envoy_grpc: {cluster_name: postern}}, status_on_error: {code: 503}, encode_raw_headers: true, include_peer_certificate: true, validate_mutations: true}`
	codec      = `{name: c, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec}}`
	tcpChain   = `{filters: [{name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: app}}]}`
	limited    = `{"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, stat_prefix: l, requestHeadersToAddWhenNotEnforced: [{header: {key: x-postern-user, value: a}}]}`
	injector   = `{name: i, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector, overwrite: true, credential: {name: c}}}`
	appOptions = Clusters + "/1/typed_extension_protocol_options/x"
	weighted   = Route + "/route"
	toApp      = "{weighted_clusters: {clusters: [{name: app, weight: 1}]}}"
	toPay      = Clusters + "/2/transport_socket/typed_config/common_tls_context"
	outbound   = "static_resources/listeners/1"
)

func filterChanges() []change {
	return []change{
		one("not-checked", Check, ""),
		several("not-checked", Check, "", Listener+"/address/socket_address/address", "127.0.0.1"),
		one("not-checked", Listener+"/filter_chains/^", tcpChain),
		one("not-checked", Listener+"/default_filter_chain", tcpChain),
		one("not-checked", Listener+"/default_filter_chain", `{filters: [{name: h, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, http_filters: []}}]}`),
		one("not-checked", outbound+"/address/socket_address/address", "0.0.0.0"),
		one("not-checked", outbound+"/address/socket_address/address", "some.name"),
		one("not-checked", outbound+"/additional_addresses", "[{address: {socket_address: {address: 10.1.1.1, port_value: 1}}}]"),
		one("", outbound+"/address", "{pipe: {path: /x}}"),
		one("upgrade-not-checked", Manager+"/upgrade_configs", "[{upgrade_type: websocket, filters: ["+router+"]}]"),
		one("filter-disabled", Check+"/disabled", "true"),
		one("filter-optional", Check+"/is_optional", "true"),
		one("filter-conditional", Check, matching),
		one("filter-after-check", Filters+"/1", typed),
		one("", Filters+"/^", first),
		several("filter-after-check", Filters+"/1", another, Filters+"/+", router, Clusters+"/+", other),
		several("filter-after-check", Filters+"/^", lua, Filters+"/^", first),
		several("filter-after-check", Filters+"/1", lua, Filters+"/+", first, Filters+"/+", router),
		several("answered-before-check", Filters+"/^", first, Filters+"/^", cache),
		one("", Filters+"/^", lua),
		one("", Filters+"/1", rbac),
		one("", Filters+"/1", limit("x-limited")),
		one("filter-after-check", Filters+"/1/typed_config/upstream_http_filters", "["+lua+","+codec+"]"),
		one("", Filters+"/1/typed_config/upstream_http_filters", "["+codec+"]"),
		one("answered-before-check", Filters+"/^", cache),
	}
}

const (
	first = `{name: first, typed_config: ` + soundAuthz + `}`
	other = `{name: other, load_assignment: {cluster_name: other, endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: /other}}}}]}]}}`
)

// another asks whom the cluster other leads to.
var another = strings.Replace(first, "cluster_name: postern", "cluster_name: other", 1)

// limit is a filter that may stand after the check, and adds a header there.
func limit(header string) string {
	return `{name: limit, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, stat_prefix: l, request_headers_to_add_when_not_enforced: [{header: {key: ` + header + `, value: '%REQ(x-u)%'}}]}}`
}

func options(fields string) string {
	return `{"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, ` + fields + "}"
}

func custom(kind, fields string) string {
	return `{name: c, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.custom_response.v3.CustomResponse, custom_response_matcher: {on_no_match: {action: {name: a, typed_config: {"@type": type.googleapis.com/envoy.extensions.http.custom_response.` + kind + `, ` + fields + "}}}}}}"
}

func clusterType(kind string) string {
	return `{name: c, typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.` + kind + ".v3.ClusterConfig}}"
}

func logged(fields string) string {
	return `[{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/stdout, ` + fields + "}}]"
}

func routeChanges() []change {
	return []change{
		one("no-catch-all", Host+"/domains", "[orders.shop.test]"),
		one("no-catch-all", Route+"/match", "{prefix: /orders}"),
		one("no-catch-all", Route+"/match", "{prefix: /, headers: [{name: x, present_match: true}]}"),
		one("no-catch-all", Host+"/routes", "[]"),
		one("no-catch-all", Routes+"/virtual_hosts/+", "{name: other, domains: [other.test], routes: [{match: {path: /x}, route: {cluster: app}}]}"),
		one("", Host+"/routes/^", "{match: {path: /x}, direct_response: {status: 200}}"),
		one("route-disabled", Route+perFilter, "{"+perRoute+", disabled: true}"),
		one("route-disabled", Host+perFilter, "{"+perRoute+", disabled: true}"),
		one("route-disabled", Routes+perFilter, "{"+wrapper+", disabled: true}"),
		one("route-disabled", Route+perFilter, "{"+wrapper+", config: {"+perRoute+", disabled: true}}"),
		one("route-disabled", Route+"/typed_per_filter_config/other", "{"+perRoute+", disabled: true}"),
		one("", Route+"/typed_per_filter_config/other", "{"+wrapper+", disabled: true}"),
		one("", Route+perFilter, "{"+perRoute+", check_settings: {context_extensions: {a: b}}}"),
		one("route-authorizer", Route+perFilter, "{"+perRoute+", check_settings: {grpc_service: {envoy_grpc: {cluster_name: other}}}}"),
		one("route-authorizer", Route+perFilter, "{"+perRoute+", check_settings: {http_service: {}}}"),
		one("route-body", Route+perFilter, "{"+perRoute+", check_settings: {with_request_body: {max_request_bytes: 10, allow_partial_message: true}}}"),
		one("identity-header-set", Route+"/request_headers_to_add", "[{header: {key: X-Postern-Caller, value: '%REQ(x)%'}}]"),
		one("identity-header-set", Routes+"/request_headers_to_add", "[{header: {key: x-postern-user, value: alice}}]"),
		one("identity-header-set", Route+"/request_headers_to_add", "[{header: {key: x_postern_user, value: alice}}]"),
		one("identity-header-set", Route+"/request_headers_to_add", "[{header: {key: x.postern_user, value: alice}}]"),
		one("identity-header-set", Filters+"/1", limit("x-postern-user")),
		one("identity-header-set", Route+"/typed_per_filter_config/limit", limited),
		one("", Route+"/response_headers_to_add", "[{header: {key: x-postern-version, value: '1'}}]"),
		one("", Route+"/request_headers_to_add", "[{header: {key: x-posternal, value: a}}]"),
		one("", Route+"/request_headers_to_add", "[{header: {key: x-real-ip, value: '%DOWNSTREAM_REMOTE_ADDRESS%'}}]"),
		one("upstream-by-client", Route+"/route", "{cluster_header: x-cluster}"),
		one("upstream-by-client", Route+"/route", "{weighted_clusters: {clusters: [{cluster_header: x-cluster, weight: 1}]}}"),
		one("upstream-by-client", Route+"/route", "{inline_cluster_specifier_plugin: {extension: {name: lua}}}"),
		one("upstream-by-client", Route+"/route", "{cluster_specifier_plugin: lua}"),
		one("upstream-by-client", Clusters+"/1/cluster_type", clusterType("dynamic_forward_proxy")),
		several("upstream-by-client", weighted, toApp, Clusters+"/1/cluster_type", clusterType("dynamic_forward_proxy")),
		one("upstream-by-client", Clusters+"/1/cluster_type", clusterType("reverse_connection")),
		one("upstream-by-client", Clusters+"/1/cluster_type", "{name: unknown}"),
		one("", Clusters+"/1/cluster_type", clusterType("aggregate")),
		several("upstream-by-client", Clusters+"/1/cluster_type", clusterType("aggregate"), Clusters+"/+", "{name: member, cluster_type: "+clusterType("dynamic_forward_proxy")+"}"),
		one("upstream-by-client", Clusters+"/1/original_dst_lb_config", "{use_http_header: true}"),
		several("upstream-by-client", weighted, toApp, Clusters+"/1/original_dst_lb_config", "{use_http_header: true}"),
		one("", Clusters+"/1/original_dst_lb_config", "{use_http_header: false}"),
		one("filter-in-cluster", appOptions, options("http_filters: ["+lua+","+codec+"]")),
		several("filter-in-cluster", weighted, toApp, appOptions, options("http_filters: ["+lua+","+codec+"]")),
		one("", appOptions, options("http_filters: ["+codec+"]")),
	}
}

func secretChanges() []change {
	return []change{
		one("credential-injected", Filters+"/^", injector),
		one("token-logged", Manager+"/access_log", logged(`log_format: {text_format_source: {inline_string: "%REQ(AUTHORIZATION)%\\n"}}`)),
		one("token-logged", Manager+"/access_log", logged("log_format: {json_format: {a: {b: '%REQUEST_HEADER(x-a?cookie):20%'}}}")),
		one("token-logged", Listener+"/access_log", logged("log_format: {text_format: '%REQ(proxy-authorization)%'}")),
		one("token-logged", Filters+"/1/typed_config/upstream_log", logged("log_format: {text_format: '%REQ(Authorization)%'}")),
		one("token-logged", Manager+"/access_log", "[{name: g, typed_config: {additional_request_headers_to_log: [x-a, Authorization]}}]"),
		one("", Manager+"/access_log", logged("log_format: {text_format: '%REQ(:PATH)% %RESPONSE_CODE% %REQ(x-postern-caller)%'}")),
		one("", Manager+"/access_log", "[{name: g, filter: {header_filter: {header: {name: authorization}}}}]"),
	}
}

func processChanges() []change {
	return []change{
		one("admin-reachable", "admin/address", "{socket_address: {address: 0.0.0.0, port_value: 9901}}"),
		one("admin-reachable", "admin/address", "{socket_address: {address: '::', port_value: 9901}}"),
		one("", "admin/address", "{socket_address: {address: 127.0.0.1, port_value: 9901}}"),
		one("", "admin/address", "{socket_address: {address: '::ffff:127.0.0.1', port_value: 9901}}"),
		one("", "admin", ""),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, static_layer: {envoy.reloadable_features.http_reject_path_with_fragment: false}}]}"),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, static_layer: {envoy: {reloadable_features: {http_reject_path_with_fragment: false}}}}]}"),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, static_layer: {http_connection_manager.path_with_escaped_slashes_action_enabled: 0}}]}"),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, static_layer: {http_connection_manager: {path_with_escaped_slashes_action_enabled: 0}}}]}"),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, rtds_layer: {name: b}}]}"),
		one("runtime-guard", "layered_runtime", "{layers: [{name: a, disk_layer: {symlink_root: /b}}]}"),
		one("", "layered_runtime", "{layers: [{name: a, static_layer: {overload.global_downstream_max_connections: 100}}, {name: b, admin_layer: {}}]}"),
		one("upstream-not-verified", toPay+"/validation_context", ""),
		one("upstream-not-verified", toPay+"/validation_context/custom_validator_config", ""),
		one("upstream-not-verified", toPay+"/validation_context/match_typed_subject_alt_names", "[]"),
		one("upstream-not-verified", toPay+"/validation_context/trust_chain_verification", "ACCEPT_UNTRUSTED"),
		several("", toPay+"/validation_context", "{trusted_ca: {filename: /ca}}", Clusters+"/2/transport_socket/typed_config/auto_sni_san_validation", "true"),
		several("", toPay+"/validation_context", "", toPay+"/validation_context_sds_secret_config", sds),
		one("not-seen", "dynamic_resources/lds_config", "{ads: {}}"),
		several("not-seen", Routes, "", Manager+"/rds", "{route_config_name: r, config_source: {ads: {}}}"),
		one("not-seen", "dynamic_resources/cds_config", "{ads: {}}"),
		one("not-seen", Routes+"/vhds", "{}"),
		one("not-seen", Filters+"/^", "{name: later, config_discovery: {config_source: {ads: {}}, type_urls: [x]}}"),
		one("not-seen", Listener+"/fcds_config", "{name: f}"),
		one("not-seen", Listener+"/filter_chains/^", "{filters: [{name: later, config_discovery: {}}]}"),
	}
}
