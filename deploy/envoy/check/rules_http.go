package check

import (
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

func httpRules() []Rule {
	return []Rule{
		{"path-not-normalised", "over HTTP/2, bytes in a path that are not UTF-8 are checked as ! and forwarded as they were, unless encode_raw_headers is on; and the app gets dot segments",
			"normalize_path: true", eachManager(isTrue("normalize_path"))},
		{"path-escaped-slashes", "an app that decodes %2F or %5C reads another path than was checked",
			"path_with_escaped_slashes_action: REJECT_REQUEST", eachManager(escapedSlashes)},
		{"header-underscores", "many apps cannot tell x_postern_caller from x-postern-caller: a caller can say who it is",
			"common_http_protocol_options: {headers_with_underscores_action: REJECT_REQUEST}", eachManager(underscores)},
		{"remote-address", "callers set x-envoy-* headers, x-request-id and x-forwarded-for that Envoy and the app believe",
			"use_remote_address: true", eachManager(isTrue("use_remote_address"))},
		{"internal-addresses", "callers with an internal address (every private one, without cidr_ranges) set x-envoy-* headers that Envoy and the app believe",
			"remove internal_address_config, or let it name an address that nobody has: {cidr_ranges: [{address_prefix: 255.255.255.255, prefix_len: 32}]}", eachManager(internalAddresses)},
		{"proxy-protocol", "whoever connects chooses the address that a rule's source sees",
			"remove the listener filter, or let only the proxy itself reach the listener", eachGate(proxyProtocol)},
		{"chunked-length", "a request with both content-length and transfer-encoding gets through: the app may see two requests where Postern saw one",
			"http_protocol_options: {allow_chunked_length: false}", eachManager(isFalse("http_protocol_options", "allow_chunked_length"))},
		{"connect", "CONNECT makes a tunnel through which Postern sees nothing",
			"remove the upgrade_configs entry for CONNECT", eachGate(connect)},
		{"stream-duration", "a stream is checked once, when it begins: what was allowed lasts as long as the caller likes",
			"common_http_protocol_options: {max_stream_duration: 3600s}, and no 0s in a route's max_stream_duration", eachGate(streamDuration)},
	}
}

func escapedSlashes(hcm *tree.Node, r *report) {
	if !hcm.Get("path_with_escaped_slashes_action").Is("REJECT_REQUEST", 2) {
		r.field(hcm, "path_with_escaped_slashes_action")
	}
}

func underscores(hcm *tree.Node, r *report) {
	path := []string{"common_http_protocol_options", "headers_with_underscores_action"}
	if action := hcm.Get(path...); !action.Is("REJECT_REQUEST", 1) && !action.Is("DROP_HEADER", 2) {
		r.field(hcm, path...)
	}
}

func internalAddresses(hcm *tree.Node, r *report) {
	config := hcm.Get("internal_address_config")
	ranges := config.Get("cidr_ranges").List()
	if config != nil && len(ranges) == 0 {
		r.at(config, "internal_address_config has no cidr_ranges")
	}
	for _, n := range ranges {
		if n.Get("address_prefix").Text() != "255.255.255.255" {
			r.field(n, "address_prefix")
			continue
		}
		// Absent it is 0: every address.
		if length, known := n.Get("prefix_len").Number(); !known || length != 32 {
			r.field(n, "prefix_len")
		}
	}
}

func proxyProtocol(g *gate, r *report) {
	for _, f := range g.chain.listener.node.Get("listener_filters").List() {
		if name, _ := f.Get("typed_config").Any(); strings.HasSuffix(name, ".proxy_protocol.v3.ProxyProtocol") {
			r.at(f, "the listener reads the PROXY protocol")
		}
	}
}

func connect(g *gate, r *report) {
	report := func(n *tree.Node) {
		for _, upgrade := range n.Get("upgrade_configs").List() {
			kind := strings.ToUpper(upgrade.Get("upgrade_type").Text())
			on := upgrade.Get("enabled") == nil || !upgrade.Get("enabled").False()
			if strings.HasPrefix(kind, "CONNECT") && on {
				r.field(upgrade, "upgrade_type")
			}
		}
	}
	report(g.hcm)
	for _, routes := range g.routes() {
		routes.Walk(report)
	}
}

// streamDuration also looks at the routes: 0 there undoes what the manager says, or lets the caller's
// grpc-timeout decide.
func streamDuration(g *gate, r *report) {
	path := []string{"common_http_protocol_options", "max_stream_duration"}
	if !positive(g.hcm.Get(path...)) {
		r.field(g.hcm, path...)
	}
	for _, routes := range g.routes() {
		routes.Walk(func(n *tree.Node) {
			for _, name := range []string{"max_stream_duration", "grpc_timeout_header_max"} {
				if limit := n.Get(name); n.Named("max_stream_duration") && limit != nil && !positive(limit) {
					r.field(n, name)
				}
			}
		})
	}
}

func positive(n *tree.Node) bool {
	d, known := n.Duration()
	return known && d > 0
}
