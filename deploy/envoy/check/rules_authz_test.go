package check_test

import . "github.com/postern/postern/deploy/envoy/envoytest"

func authzChanges() []change {
	return []change{
		one("failure-mode-allow", Authz+"/failure_mode_allow", "true"),
		one("failure-mode-allow", Authz+"/failure_mode_allow", "yes"),
		one("failure-mode-allow", Authz+"/failure_mode_allow", `"true"`),
		one("failure-mode-allow", Authz+"/failure_mode_allow", "{value: true}"),
		one("failure-mode-allow", Authz+"/failure_mode_allow", "perhaps"),
		several("failure-mode-allow", Authz+"/failure_mode_allow", "", Authz+"/failureModeAllow", "true"),
		one("", Authz+"/failure_mode_allow", ""),
		one("status-on-error", Authz+"/status_on_error", ""),
		one("status-on-error", Authz+"/status_on_error/code", "OK"),
		one("status-on-error", Authz+"/status_on_error/code", "200"),
		one("", Authz+"/status_on_error/code", "503"),
		one("shadow-mode", Authz+"/shadow_mode", "true"),
		one("filter-enabled", Authz+"/filter_enabled", "{default_value: {numerator: 99}}"),
		one("filter-enabled", Authz+"/filter_enabled", "{default_value: {numerator: 100, denominator: TEN_THOUSAND}}"),
		one("filter-enabled", Authz+"/filter_enabled", "{default_value: {numerator: 100}, runtime_key: authz}"),
		one("filter-enabled", Authz+"/filter_enabled", "{}"),
		one("filter-enabled", Authz+"/filter_enabled_metadata", "{filter: x, path: [{key: a}], value: {present_match: true}}"),
		one("", Authz+"/filter_enabled", "{default_value: {numerator: 1000000, denominator: MILLION}}"),
		one("no-peer-certificate", Authz+"/include_peer_certificate", ""),
		one("headers-not-raw", Authz+"/encode_raw_headers", ""),
		one("tls-session", Authz+"/include_tls_session", "true"),
		one("mutations-not-validated", Authz+"/validate_mutations", ""),
		one("mutations-dropped", Authz+"/decoder_header_mutation_rules", "{disallow_all: true}"),
		one("route-cache-cleared", Authz+"/clear_route_cache", "true"),
		one("body-buffered", Authz+"/with_request_body", "{max_request_bytes: 1024, allow_partial_message: true}"),
		one("body-buffered", Authz+"/with_request_body", "{max_request_bytes: 5000000}"),
		one("", Authz+"/with_request_body", "{max_request_bytes: 1024}"),
		one("no-deadline", Authz+"/grpc_service/timeout", "0s"),
		one("no-deadline", Authz+"/grpc_service/timeout", "3600s"),
		one("no-deadline", Authz+"/grpc_service/timeout", "200ms"),
		one("", Authz+"/grpc_service/timeout", ""),
		several("not-grpc", Authz+"/grpc_service", "", Authz+"/http_service", "{server_uri: {uri: http://x, cluster: postern, timeout: 1s}}"),
		one("not-grpc", Authz+"/grpc_service", ""),
		one("not-grpc", Authz+"/transport_api_version", ""),
		one("authz-in-clear", Authz+"/grpc_service/envoy_grpc/cluster_name", "elsewhere"),
		one("authz-in-clear", remoteAt, "{socket_address: {address: 10.0.0.1, port_value: 1}}"),
		one("authz-in-clear", remoteAt, "{socket_address: {address: postern, port_value: 1}}"),
		one("", remoteAt, "{socket_address: {address: 127.0.0.1, port_value: 1}}"),
		one("authz-in-clear", endpointAt+"/additional_addresses", "[{address: {socket_address: {address: 10.0.0.1, port_value: 1}}}]"),
		one("", endpointAt+"/additional_addresses", "[{address: {socket_address: {address: '::1', port_value: 1}}}]"),
		one("authz-in-clear", Clusters+"/0/transport_socket", `{name: p, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.http_11_proxy.v3.Http11ProxyUpstreamTransport, transport_socket: {name: raw}}}`),
		one("authz-in-clear", Clusters+"/0/transport_socket", "{name: unknown}"),
		one("", Clusters+"/0/transport_socket", `{name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}`),
		one("authz-in-clear", Clusters+"/0/transport_socket_matches", "[{name: a, transport_socket: {name: p}}]"),
		one("authz-in-clear", Clusters+"/0/type", "EDS"),
		several("authz-in-clear", remoteAt, far, Clusters+"/0/transport_socket", upstreamTLS("{validation_context: {trusted_ca: {filename: /ca}, trust_chain_verification: 1, "+bears+"}}")),
		several("authz-in-clear", remoteAt, far, Clusters+"/0/transport_socket", upstreamTLS("{combined_validation_context: {default_validation_context: {trust_chain_verification: ACCEPT_UNTRUSTED, "+bears+"}, validation_context_sds_secret_config: "+sds+"}}"),
			"static_resources/secrets", "[{name: trust, validation_context: {trusted_ca: {filename: /ca}}}]"),
		several("authz-in-clear", remoteAt, far, Clusters+"/0/transport_socket", upstreamTLS("{combined_validation_context: {default_validation_context: {trust_chain_verification: ACCEPT_UNTRUSTED, "+bears+"}, validation_context_sds_secret_config: "+sds+"}}")),
		several("authz-in-clear", remoteAt, "{socket_address: {address: 10.0.0.1, port_value: 1}}", Clusters+"/0/transport_socket", upstreamTLS("{}")),
		several("", remoteAt, "{socket_address: {address: 10.0.0.1, port_value: 1}}", Clusters+"/0/transport_socket", upstreamTLS("{validation_context: {trusted_ca: {filename: /ca}, match_typed_subject_alt_names: [{san_type: URI, matcher: {exact: 'spiffe://shop.test/postern'}}]}}")),
		several("authz-in-clear", remoteAt, "{socket_address: {address: 10.0.0.1, port_value: 1}}", Clusters+"/0/transport_socket", upstreamTLS("{validation_context: {trusted_ca: {filename: /ca}}}")),
		one("authz-in-clear", Authz+"/grpc_service", "{google_grpc: {target_uri: 'dns:///postern:1', stat_prefix: x}}"),
		one("", Authz+"/grpc_service", "{google_grpc: {target_uri: 'unix:/x', stat_prefix: x}}"),
		one("", Authz+"/grpc_service", "{google_grpc: {target_uri: 'dns:///127.0.0.1:1', stat_prefix: x}}"),
		one("headers-hidden", Authz+"/allowed_headers", "{patterns: [{exact: authorization}]}"),
		one("headers-hidden", Authz+"/allowed_headers", "{patterns: [{prefix: x-}, {exact: upgrade}, {exact: 'content-type'}]}"),
		one("headers-hidden", Authz+"/disallowed_headers", "{patterns: [{exact: Upgrade, ignore_case: true}]}"),
		one("headers-hidden", Authz+"/disallowed_headers", "{patterns: [{safe_regex: {regex: 'up.*'}}]}"),
		one("headers-hidden", Authz+"/disallowed_headers", "{patterns: [{custom: {}}]}"),
		one("", Authz+"/disallowed_headers", "{patterns: [{exact: cookie}, {suffix: -secret}, {contains: zipkin}]}"),
		one("", Authz+"/allowed_headers", "{patterns: [{safe_regex: {regex: '.*'}}]}"),
	}
}

const (
	endpointAt = Clusters + "/0/load_assignment/endpoints/0/lb_endpoints/0/endpoint"
	remoteAt   = endpointAt + "/address"
	far        = "{socket_address: {address: 10.0.0.1, port_value: 1}}"
	bears      = "match_typed_subject_alt_names: [{san_type: URI, matcher: {exact: 'spiffe://shop.test/postern'}}]"
)

func upstreamTLS(common string) string {
	return `{name: tls, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, common_tls_context: ` + common + "}}"
}
