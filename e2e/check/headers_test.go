package check_test

import (
	"strings"
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint/minttest"
)

const forged = "x-forwarded-client-cert: By=spiffe://shop.test/x;URI=spiffe://shop.test/ns/shop/sa/admin"

func headerAttacks() []attack {
	xfcc := Manager + "/forward_client_cert_details"
	return []attack{
		{"xfcc-forged", "what the caller says goes before what Envoy says", nil, []string{xfcc, "APPEND_FORWARD"}, forgedIsSeen},
		{"xfcc-forged", "what the caller says is all there is", nil, []string{xfcc, "FORWARD_ONLY"}, forgedIsSeen},
		{"xfcc-forged", "what the caller says is all there is, always", nil, []string{xfcc, "ALWAYS_FORWARD_ONLY"}, forgedIsSeen},
		{"xfcc-no-chain", "a certificate of an intermediate cannot be verified", nil, []string{xfcc, "SANITIZE"}, chainIsMissing},
		{"xfcc-no-chain", "a certificate of an intermediate cannot be verified", nil,
			[]string{Manager + "/set_current_client_cert_details/chain", "false"}, chainIsMissing},
		{"header-underscores", "the app gets an identity in a header that reads alike", nil,
			[]string{Manager + "/common_http_protocol_options/headers_with_underscores_action", "ALLOW"},
			func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/", "x_postern_caller: admin")
				return o.let() && len(o.reached[0].Get("x_postern_caller")) > 0
			}},
		{"remote-address", "the app gets x-envoy-original-path from the caller", nil,
			[]string{Manager + "/use_remote_address", "false"}, envoyHeadersAreSeen("x-envoy-original-path: /admin")},
		{"remote-address", "the authorizer gets the name of a service from the caller", nil,
			[]string{Manager + "/use_remote_address", ""}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/", "x-envoy-downstream-service-cluster: admin")
				return len(o.checks) > 0 && o.checks[0].GetAttributes().GetSource().GetService() == "admin"
			}},
		{"internal-addresses", "the app gets x-envoy-original-path from a caller with a private address", nil,
			[]string{Manager + "/internal_address_config", "{unix_sockets: false}"}, envoyHeadersAreSeen("x-envoy-original-path: /admin")},
		{"internal-addresses", "255.255.255.255 without a length is everybody", nil,
			[]string{Manager + "/internal_address_config", "{cidr_ranges: [{address_prefix: 255.255.255.255}]}"}, envoyHeadersAreSeen("x-envoy-original-path: /admin")},
		{"identity-header-set", "the app gets an identity that a rate limit took from the caller", nil,
			[]string{Filters + "/1", rateLimit, Filters + "/+", router}, func(t *testing.T, g *gate) bool {
				g.get(t, g.web(), "/") // takes the one token
				return claimIsBelieved("x-postern-user")(t, g)
			}},
		{"identity-header-set", "the app gets an identity in a header that reads alike", nil,
			[]string{Route + "/request_headers_to_add", "[{header: {key: x_postern_user, value: '%REQ(x-claim)%'}}]"}, claimIsBelieved("x_postern_user")},
		{"identity-header-set", "the app gets an identity that the route took from the caller", nil,
			[]string{Route + "/request_headers_to_add", "[{header: {key: x-postern-caller, value: '%REQ(x-claim)%'}}]"},
			claimIsBelieved("x-postern-caller")},
	}
}

func claimIsBelieved(name string) func(*testing.T, *gate) bool {
	return func(t *testing.T, g *gate) bool {
		o := g.get(t, g.web(), "/", "x-claim: admin")
		return o.let() && strings.Contains(strings.Join(o.reached[0].Get(name), ","), "admin")
	}
}

func forgedIsSeen(t *testing.T, g *gate) bool {
	o := g.get(t, g.web(), "/", forged)
	return len(o.checks) > 0 && strings.Contains(strings.Join(header(o.checks[0], "x-forwarded-client-cert"), ","), "sa/admin")
}

func chainIsMissing(t *testing.T, g *gate) bool {
	svid := minttest.SVID(t, minttest.Intermediate(t, g.Shop), mesh.Web)
	o := g.get(t, mesh.With(svid), "/")
	if len(o.checks) == 0 {
		t.Fatalf("no check: %d %v", o.status, o.err)
	}
	return !strings.Contains(strings.Join(header(o.checks[0], "x-forwarded-client-cert"), ","), "Chain=")
}

func envoyHeadersAreSeen(field string) func(*testing.T, *gate) bool {
	name, _, _ := strings.Cut(field, ":")
	return func(t *testing.T, g *gate) bool {
		o := g.get(t, g.web(), "/", field)
		return o.let() && len(o.reached[0].Get(name)) > 0
	}
}
