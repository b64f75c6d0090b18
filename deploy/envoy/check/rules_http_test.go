package check_test

import . "github.com/postern/postern/deploy/envoy/envoytest"

const common = Manager + "/common_http_protocol_options"

func httpChanges() []change {
	return []change{
		one("path-not-normalised", Manager+"/normalize_path", "false"),
		one("path-not-normalised", Manager+"/normalize_path", ""),
		one("path-escaped-slashes", Manager+"/path_with_escaped_slashes_action", ""),
		one("path-escaped-slashes", Manager+"/path_with_escaped_slashes_action", "KEEP_UNCHANGED"),
		one("path-escaped-slashes", Manager+"/path_with_escaped_slashes_action", "UNESCAPE_AND_FORWARD"),
		one("", Manager+"/path_with_escaped_slashes_action", "2"),
		one("header-underscores", common+"/headers_with_underscores_action", ""),
		one("header-underscores", common+"/headers_with_underscores_action", "ALLOW"),
		one("", common+"/headers_with_underscores_action", "DROP_HEADER"),
		one("remote-address", Manager+"/use_remote_address", "false"),
		one("remote-address", Manager+"/use_remote_address", ""),
		one("internal-addresses", Manager+"/internal_address_config", "{}"),
		one("internal-addresses", Manager+"/internal_address_config", "{unix_sockets: false}"),
		one("internal-addresses", Manager+"/internal_address_config", "{cidr_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}"),
		one("internal-addresses", Manager+"/internal_address_config", "{cidr_ranges: [{address_prefix: 255.255.255.255}]}"),
		one("internal-addresses", Manager+"/internal_address_config", "{cidr_ranges: [{address_prefix: 255.255.255.255, prefix_len: 0}]}"),
		one("internal-addresses", Manager+"/internal_address_config", "{cidr_ranges: [{address_prefix: 255.255.255.255, prefix_len: 31}]}"),
		one("", Manager+"/internal_address_config", "{cidr_ranges: [{address_prefix: 255.255.255.255, prefix_len: {value: 32}}]}"),
		one("", Manager+"/internal_address_config", ""),
		one("proxy-protocol", Listener+"/listener_filters", `[{name: p, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}}]`),
		one("chunked-length", Manager+"/http_protocol_options/allow_chunked_length", "true"),
		one("connect", Manager+"/upgrade_configs", "[{upgrade_type: CONNECT}]"),
		one("connect", Manager+"/upgrade_configs", "[{upgrade_type: connect-udp}]"),
		one("connect", Route+"/route/upgrade_configs", "[{upgrade_type: CONNECT, connect_config: {}}]"),
		one("", Manager+"/upgrade_configs", "[{upgrade_type: CONNECT, enabled: false}]"),
		one("", Manager+"/upgrade_configs", "[{upgrade_type: websocket}]"),
		one("stream-duration", common+"/max_stream_duration", ""),
		one("stream-duration", common+"/max_stream_duration", "0s"),
		one("stream-duration", Route+"/route/max_stream_duration", "{max_stream_duration: 0s}"),
		one("stream-duration", Route+"/route/max_stream_duration", "{grpc_timeout_header_max: 0s}"),
		one("", Route+"/route/max_stream_duration", "{max_stream_duration: 60s, grpc_timeout_header_max: 60s}"),
		one("refusal-rewritten", Manager+"/local_reply_config", "{mappers: [{status_code: 200}]}"),
		one("", Manager+"/local_reply_config", "{mappers: [{status_code: 403}]}"),
		one("refusal-rewritten", Filters+"/^", custom("redirect_policy.v3.RedirectPolicy", "redirect_action: {path_redirect: /sorry}, status_code: 200")),
		one("refusal-rewritten", Filters+"/^", custom("redirect_policy.v3.RedirectPolicy", "uri: 'http://sorry.test/'")),
		one("refusal-rewritten", Filters+"/^", custom("local_response_policy.v3.LocalResponsePolicy", "status_code: 204")),
		one("", Filters+"/^", custom("local_response_policy.v3.LocalResponsePolicy", "body: {inline_string: no}")),
		one("", Filters+"/^", custom("redirect_policy.v3.RedirectPolicy", "uri: 'http://sorry.test/', status_code: 403")),
	}
}
