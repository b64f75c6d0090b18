package check_test

import (
	"slices"
	"testing"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

// answerAttacks are about what Envoy makes of an answer.
func answerAttacks() []attack {
	return []attack{
		{"mutations-not-validated", "a line break in a refusal's header splits the response", nil,
			[]string{Authz + "/validate_mutations", ""}, func(t *testing.T, g *gate) bool {
				g.authz.always(deny(set("x-why", "no\r\nx-injected: yes")))
				o := g.get(t, g.web(), "/")
				return o.fields != nil && len(o.fields.Get("x-injected")) > 0
			}},
		{"mutations-dropped", "the app gets the caller's own x-postern-caller", nil,
			[]string{Authz + "/decoder_header_mutation_rules", "{disallow_all: true}"}, claimsToBeAdmin},
		{"mutations-dropped", "the app gets the caller's own x-postern-caller", nil,
			[]string{Authz + "/decoder_header_mutation_rules", "{disallow_expression: {regex: 'x-postern-.*'}}"}, claimsToBeAdmin},
		{"route-cache-cleared", "the check changes the route", []string{Host + "/routes/^",
			"{match: {prefix: /, headers: [{name: x-lane, string_match: {exact: fast}}]}, direct_response: {status: 202}}"},
			[]string{Authz + "/clear_route_cache", "true"}, func(t *testing.T, g *gate) bool {
				g.authz.always(allow(set("x-lane", "fast")))
				return g.get(t, g.web(), "/").status == 202
			}},
		{"refusal-rewritten", "a refusal arrives as success", nil,
			[]string{Manager + "/local_reply_config", "{mappers: [{filter: {status_code_filter: {comparison: {op: EQ, value: {default_value: 403, runtime_key: x}}}}, status_code: 200}]}"},
			func(t *testing.T, g *gate) bool {
				g.authz.always(deny())
				return g.get(t, g.web(), "/").status == 200
			}},
		{"refusal-rewritten", "a refusal arrives as success, by way of another route", nil,
			[]string{Filters + "/^", sorry}, func(t *testing.T, g *gate) bool {
				return g.get(t, g.web(), "/admin").status == 200
			}},
	}
}

// sorry answers in place of a refusal with what /sorry says, as success.
const sorry = `{name: sorry, typed_config: {` + types + `extensions.filters.http.custom_response.v3.CustomResponse, custom_response_matcher: {on_no_match: {action: {name: a, typed_config: {` +
	types + `extensions.http.custom_response.redirect_policy.v3.RedirectPolicy, redirect_action: {host_redirect: orders.test, path_redirect: /sorry}, status_code: 200}}}}}}`

func claimsToBeAdmin(t *testing.T, g *gate) bool {
	g.authz.always(allow(set("x-postern-caller", "spiffe://shop.test/ns/shop/sa/web")))
	o := g.get(t, g.web(), "/", "x-postern-caller: admin")
	return len(o.reached) > 0 && slices.Contains(o.reached[0].Get("x-postern-caller"), "admin")
}
