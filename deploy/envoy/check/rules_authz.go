package check

import (
	"time"

	"github.com/postern/postern/deploy/envoy/tree"
)

// What Envoy may wait for Postern, which answers in well under a millisecond when it is not short of CPU, and
// how much of a body it may send: Envoy and Postern each hold all of it in memory, for as many
// checks as there are at once, and no check begins before all of it is there.
const (
	maxTimeout = 10 * time.Second
	maxBody    = 1 << 20
)

func authzRules() []Rule {
	return []Rule{
		{"failure-mode-allow", "when Postern cannot be asked, everything is let in; a caller can bring that about (a server name that is not UTF-8, more checks at once than Postern answers in time)",
			"failure_mode_allow: false", eachAuthz(isFalse("failure_mode_allow"))},
		{"status-on-error", "an outage looks like a refusal (403), or like success: clients neither retry nor notice",
			"status_on_error: {code: ServiceUnavailable}", eachAuthz(statusOnError)},
		{"shadow-mode", "Postern is asked and its refusals are ignored",
			"shadow_mode: false", eachAuthz(isFalse("shadow_mode"))},
		{"filter-enabled", "some requests are not checked, or none once the runtime key is changed",
			"remove filter_enabled and filter_enabled_metadata", eachAuthz(filterEnabled)},
		{"no-peer-certificate", "Postern does not see the caller's certificate and cannot verify it: whoever has one is refused, or Envoy's word has to do",
			"include_peer_certificate: true", eachAuthz(isTrue("include_peer_certificate"))},
		{"headers-not-raw", "Postern sees two headers as one value with a comma, and ! for bytes that the app sees",
			"encode_raw_headers: true", eachAuthz(isTrue("encode_raw_headers"))},
		{"tls-session", "a server name that is not UTF-8 makes a check that cannot be parsed: with failure_mode_allow a way in, otherwise an outage of one's own choice",
			"include_tls_session: false", eachAuthz(isFalse("include_tls_session"))},
		{"mutations-not-validated", "line breaks in a header of an answer reach the client and the app, and split responses",
			"validate_mutations: true", eachAuthz(isTrue("validate_mutations"))},
		{"mutations-dropped", "Envoy drops a header that Postern sets and lets the request in with the caller's own x-postern-caller",
			"remove decoder_header_mutation_rules", eachAuthz(isAbsent("decoder_header_mutation_rules"))},
		{"route-cache-cleared", "the route is chosen anew after the check, by headers that the check has changed: another route than was checked",
			"clear_route_cache: false", eachAuthz(isFalse("clear_route_cache"))},
		{"body-buffered", "a check waits for a body or sees a part of it, and Envoy and Postern hold it in memory: many large ones at once wear both out",
			"remove with_request_body, or bound max_request_bytes by 1 MiB without allow_partial_message", eachAuthz(body)},
		{"no-deadline", "a Postern that hangs holds every request for as long as the caller waits",
			"grpc_service: {timeout: 0.2s}", eachAuthz(deadline)},
		{"not-grpc", "Postern speaks gRPC alone: whatever answers there is not Postern",
			"grpc_service with envoy_grpc, and transport_api_version: V3", eachAuthz(protocol)},
		{"authz-in-clear", "whoever is on the way to the authorizer can answer allow, and reads every token",
			"a cluster with a Unix socket or a loopback address, or mTLS to it", authzInClear},
		{"headers-hidden", "Postern does not see headers that it decides by: a deny does not match, an upgrade passes for a plain request",
			"remove allowed_headers and disallowed_headers", headersHidden},
	}
}

func statusOnError(authz *tree.Node, r *report) {
	code := authz.Get("status_on_error", "code")
	for name, number := range map[string]int{
		"InternalServerError": 500, "NotImplemented": 501, "BadGateway": 502, "ServiceUnavailable": 503, "GatewayTimeout": 504,
	} {
		if code.Is(name, number) {
			return
		}
	}
	r.field(authz, "status_on_error", "code")
}

func filterEnabled(authz *tree.Node, r *report) {
	isAbsent("filter_enabled_metadata")(authz, r)
	fraction := authz.Get("filter_enabled")
	switch {
	case fraction == nil:
	case fraction.Get("runtime_key").Text() != "":
		r.at(fraction, "filter_enabled follows the runtime key %q", fraction.Get("runtime_key").Text())
	case !whole(fraction.Get("default_value")):
		r.at(fraction, "filter_enabled is less than all requests")
	}
}

// whole says that an envoy.type.v3.FractionalPercent is everything.
func whole(n *tree.Node) bool {
	numerator, known := n.Get("numerator").Number()
	if !known {
		return false
	}
	denominator := n.Get("denominator")
	switch {
	case denominator == nil, denominator.Is("HUNDRED", 0):
		return numerator >= 100
	case denominator.Is("TEN_THOUSAND", 1):
		return numerator >= 10_000
	default:
		return denominator.Is("MILLION", 2) && numerator >= 1_000_000
	}
}

func body(settings *tree.Node, r *report) {
	n := settings.Get("with_request_body")
	if n == nil {
		return
	}
	isFalse("allow_partial_message")(n, r)
	if size, known := n.Get("max_request_bytes").Number(); !known || size > maxBody {
		r.field(n, "max_request_bytes")
	}
}

// deadline lets the timeout be absent: Envoy then waits 200 ms.
func deadline(authz *tree.Node, r *report) {
	timeout := authz.Get("grpc_service", "timeout")
	if timeout == nil {
		return
	}
	if d, known := timeout.Duration(); !known || d <= 0 || d > maxTimeout {
		r.field(authz, "grpc_service", "timeout")
	}
}

func protocol(authz *tree.Node, r *report) {
	if authz.Get("http_service") != nil {
		r.field(authz, "http_service")
		return
	}
	if authz.Get("grpc_service") == nil {
		r.field(authz, "grpc_service")
	}
	if version := authz.Get("transport_api_version"); !version.Is("V3", 2) {
		r.field(authz, "transport_api_version")
	}
}
