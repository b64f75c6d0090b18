package check_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	. "github.com/postern/postern/deploy/envoy/envoytest"
)

func authzAttacks(p *place) []attack {
	return []attack{
		{"failure-mode-allow", "a server name that is not UTF-8 opens /admin", []string{Authz + "/include_tls_session", "true"},
			[]string{Authz + "/failure_mode_allow", "true"}, func(t *testing.T, g *gate) bool {
				return g.get(t, badName(g), "/admin").let()
			}},
		{"failure-mode-allow", "an authorizer that hangs opens /admin", []string{Authz + "/grpc_service/timeout", "0.2s"},
			[]string{Authz + "/failure_mode_allow", "yes"}, func(t *testing.T, g *gate) bool {
				g.authz.answers(hang)
				return g.get(t, g.web(), "/admin").let()
			}},
		{"tls-session", "a server name that is not UTF-8 is an outage", nil,
			[]string{Authz + "/include_tls_session", "true"}, func(t *testing.T, g *gate) bool {
				return len(g.get(t, badName(g), "/").checks) == 0
			}},
		{"status-on-error", "an outage looks like a refusal", []string{Authz + "/grpc_service/timeout", "0.2s"},
			[]string{Authz + "/status_on_error", ""}, answersHanging(403)},
		{"status-on-error", "an outage looks like success", []string{Authz + "/grpc_service/timeout", "0.2s"},
			[]string{Authz + "/status_on_error/code", "200"}, answersHanging(200)},
		{"no-deadline", "an authorizer that hangs holds the request", []string{Authz + "/grpc_service/timeout", "0.2s"},
			[]string{Authz + "/grpc_service/timeout", "0s", Authz + "/grpc_service/retry_policy", ""}, func(t *testing.T, g *gate) bool {
				g.authz.answers(hangFor(2 * time.Second))
				start := time.Now()
				o := g.get(t, g.web(), "/")
				t.Logf("%d %v after %s", o.status, o.err, time.Since(start))
				return time.Since(start) >= 2*time.Second
			}},
		{"shadow-mode", "a refusal is ignored", nil, []string{Authz + "/shadow_mode", "true"}, refusedGetsThrough},
		{"filter-enabled", "nothing is checked", nil, []string{Authz + "/filter_enabled", "{default_value: {numerator: 0}}"}, unchecked},
		{"filter-enabled", "nothing is checked", nil,
			[]string{Authz + "/filter_enabled_metadata", "{filter: x, path: [{key: a}], value: {string_match: {exact: b}}}"}, unchecked},
		{"no-peer-certificate", "the certificate cannot be verified", nil,
			[]string{Authz + "/include_peer_certificate", ""}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/")
				return o.let() && o.checks[0].GetAttributes().GetSource().GetCertificate() == ""
			}},
		{"headers-not-raw", "two headers are checked as one", nil,
			[]string{Authz + "/encode_raw_headers", ""}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/", "x-role: a", "x-role: b")
				return o.let() && len(header(o.checks[0], "x-role")) == 1 && len(o.reached[0].Get("x-role")) == 2
			}},
		{"headers-hidden", "an upgrade is checked as a plain request", []string{Manager + "/upgrade_configs", "[{upgrade_type: websocket}]"},
			[]string{Authz + "/disallowed_headers", "{patterns: [{exact: upgrade}]}"}, upgradeIsHidden},
		{"headers-hidden", "an upgrade is checked as a plain request", []string{Manager + "/upgrade_configs", "[{upgrade_type: websocket}]"},
			[]string{Authz + "/allowed_headers", "{patterns: [{prefix: x-}]}"}, upgradeIsHidden},
		{"body-buffered", "a part of the body is checked", nil,
			[]string{Authz + "/with_request_body", "{max_request_bytes: 4, allow_partial_message: true}"}, partIsChecked},
		{"body-buffered", "a large body is an outage", nil,
			[]string{Authz + "/with_request_body", "{max_request_bytes: 8000000}"}, func(t *testing.T, g *gate) bool {
				o := g.post(t, strings.Repeat("a", 5_000_000))
				return len(o.checks) == 0
			}},
		{"route-body", "a part of the body is checked", nil,
			[]string{Route + perFilter, "{" + perRoute + ", check_settings: {with_request_body: {max_request_bytes: 4, allow_partial_message: true}}}"}, partIsChecked},
		{"not-grpc", "a web server that says yes to everything decides", nil,
			[]string{Authz + "/grpc_service", "", Authz + "/http_service", "{server_uri: {uri: 'http://yes', cluster: yes, timeout: 1s}}",
				Clusters + "/+", "{name: yes, type: STATIC, load_assignment: {cluster_name: yes, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: " + p.yes + "}}}}]}]}}"},
			refusedGetsThrough},
	}
}

// badName is web with a server name that no protobuf string can hold.
func badName(g *gate) *tls.Config {
	c := g.web()
	c.ServerName = "a\xff.test"
	return c
}

// refusedGetsThrough asks for what the authorizer refuses.
func refusedGetsThrough(t *testing.T, g *gate) bool { return g.get(t, g.web(), "/admin").let() }

// unchecked asks for what the authorizer refuses, and was not asked.
func unchecked(t *testing.T, g *gate) bool {
	o := g.get(t, g.web(), "/admin")
	return o.let() && len(o.checks) == 0
}

// hang waits for the deadline. It must not answer nil then: an empty CheckResponse is an allow.
func hang(ctx context.Context, _ *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func hangFor(d time.Duration) decision {
	return func(ctx context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		return hang(ctx, r)
	}
}

func answersHanging(status int) func(*testing.T, *gate) bool {
	return func(t *testing.T, g *gate) bool {
		g.authz.answers(hang)
		o := g.get(t, g.web(), "/")
		if len(o.reached) > 0 {
			t.Error("the app was asked")
		}
		return o.status == status
	}
}

func upgradeIsHidden(t *testing.T, g *gate) bool {
	o := g.get(t, g.web(), "/", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==")
	return len(o.reached) > 0 && len(header(o.checks[0], "upgrade")) == 0
}

func partIsChecked(t *testing.T, g *gate) bool {
	o := g.post(t, "good, and then bad")
	return o.let() && strings.Join(header(o.checks[0], "x-envoy-auth-partial-body"), "") == "true"
}

func (g *gate) post(t testing.TB, body string) outcome {
	t.Helper()
	return g.send(t, g.web(), fmt.Sprintf("POST / HTTP/1.1\r\nhost: a\r\nx-case: MARK\r\ncontent-length: %d\r\n\r\n%s", len(body), body))
}
