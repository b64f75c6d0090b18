package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

func filterRules() []Rule {
	return []Rule{
		{"not-checked", "requests come in that Postern never sees",
			"give every filter chain that others reach an ext_authz filter, or bind the listener to loopback", notChecked},
		{"upgrade-not-checked", "a request that asks for the upgrade goes past Postern: it has filters of its own",
			"remove filters from the upgrade_configs entry, or put ext_authz among them", eachGate(upgradeNotChecked)},
		{"filter-disabled", "Postern is asked only where a route switches the filter on",
			"remove disabled from the ext_authz filter", eachCheck(func(f filter, r *report) { isFalse("disabled")(f.node, r) })},
		{"filter-optional", "an Envoy that does not know the filter leaves it out and starts all the same",
			"remove is_optional from the ext_authz filter", eachCheck(func(f filter, r *report) { isFalse("is_optional")(f.node, r) })},
		{"filter-conditional", "requests that do not match the condition are not checked",
			"put ext_authz among http_filters directly, without a matcher", eachCheck(conditional)},
		{"filter-after-check", "the filter changes or answers the request after it was checked: Postern checked another one",
			"move ext_authz to the last place before the router, and ask one authorizer alone", eachGate(filterAfter)},
		{"answered-before-check", "the filter answers by itself, from what Postern may have allowed to somebody else",
			"move the filter away, or behind ext_authz", eachGate(answeredBefore)},
		{"refusal-rewritten", "Envoy turns a refusal into a success that nobody gave",
			"remove the status_code from the mapper, or the custom_response policy", eachGate(refusalRewritten)},
	}
}

// harmless returns the filters that can stand between the check and the router: none changes a
// request of itself, and what they answer is a refusal. The headers that some can be told to add are
// the business of identityHeader.
func harmless() []string {
	return []string{
		routerType,
		"envoy.extensions.filters.http.cors.v3.Cors",
		"envoy.extensions.filters.http.grpc_stats.v3.FilterConfig",
		"envoy.extensions.filters.http.compressor.v3.Compressor",
		"envoy.extensions.filters.http.rbac.v3.RBAC",
		"envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
		"envoy.extensions.filters.http.ratelimit.v3.RateLimit",
		"envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit",
		"envoy.extensions.filters.http.fault.v3.HTTPFault",
	}
}

func notChecked(c *Config, _ Options, r *report) {
	for _, l := range c.listeners {
		if !l.inbound() && l.local() {
			continue
		}
		for _, ch := range l.chains {
			switch {
			case ch.gated || len(ch.dynamic) > 0:
			case len(ch.managers) > 0:
				r.at(ch.managers[0], "the HTTP connection manager has no ext_authz filter")
			default:
				r.at(ch.node, "the filter chain passes connections on as they are")
			}
		}
	}
}

func upgradeNotChecked(g *gate, r *report) {
	for _, s := range g.stacks {
		if s.check() < 0 {
			r.at(s.node, "%s has no ext_authz filter", s.name())
		}
	}
}

func (s stack) name() string {
	if s.upgrade == "" {
		return "http_filters"
	}
	return fmt.Sprintf("the chain of upgrade %q", s.upgrade)
}

// eachCheck is asked about every ext_authz filter, or what it is wrapped in.
func eachCheck(find func(filter, *report)) func(*Config, Options, *report) {
	return eachGate(func(g *gate, r *report) {
		for _, s := range g.stacks {
			for _, f := range s.filters {
				if f.kind == authzType || f.wrapped {
					find(f, r)
				}
			}
		}
	})
}

func conditional(f filter, r *report) {
	if f.wrapped {
		r.at(f.node, "ext_authz is inside %s", f.kind)
	}
}

func filterAfter(g *gate, r *report) {
	for _, s := range g.stacks {
		at := s.check()
		if at < 0 {
			continue
		}
		for _, f := range s.filters[at+1:] {
			switch {
			case f.kind == authzType:
				otherAuthorizer(s.filters[at], f, r)
			case f.wrapped: // filter-conditional
			case f.node.Get("config_discovery") == nil && !slices.Contains(harmless(), f.kind):
				r.at(f.node, "%s runs after ext_authz", f.kind)
			}
		}
		upstreamFilters(s, r)
	}
}

// otherAuthorizer finds a second ext_authz filter that does not ask whom the first asks: the answer
// of one of them is not Postern's, and an answer changes the request.
func otherAuthorizer(first, second filter, r *report) {
	asked := func(f filter) string {
		service := f.config.Get("grpc_service")
		return service.Get("envoy_grpc", "cluster_name").Text() + " " + service.Get("google_grpc", "target_uri").Text()
	}
	if who := asked(first); who != asked(second) || who == " " {
		r.at(second.node, "another authorizer runs after ext_authz")
	}
}

// upstreamFilters finds filters that the router itself runs.
func upstreamFilters(s stack, r *report) {
	for _, f := range s.filters {
		for _, n := range f.config.Get("upstream_http_filters").List() {
			if name, _ := n.Get("typed_config").Any(); f.kind == routerType && !strings.HasSuffix(name, ".UpstreamCodec") {
				r.at(n, "%s runs after ext_authz, in the router", name)
			}
		}
	}
}

func answeredBefore(g *gate, r *report) {
	for _, s := range g.stacks {
		for _, f := range s.filters[:max(s.check(), 0)] {
			for _, kind := range []string{".cache.", ".cache_v2.", ".file_server."} {
				if strings.Contains(f.kind, ".filters.http"+kind) {
					r.at(f.node, "%s runs before ext_authz", f.kind)
				}
			}
		}
	}
}

func refusalRewritten(g *gate, r *report) {
	for _, mapper := range g.hcm.Get("local_reply_config", "mappers").List() {
		if mapper.Get("status_code") != nil {
			staysRefusal(mapper, r)
		}
	}
	g.walk(func(n *tree.Node) {
		kind, policy := n.Any()
		local := strings.Contains(kind, ".custom_response.local_response_policy.") && policy.Get("status_code") == nil
		if strings.HasPrefix(kind, "envoy.extensions.http.custom_response.") && !local {
			staysRefusal(policy, r)
		}
	})
}

// staysRefusal wants a status that no client takes for success. Without one, a redirect policy
// answers with that of another upstream.
func staysRefusal(n *tree.Node, r *report) {
	if number, known := n.Get("status_code").Number(); !known || number < 400 {
		r.field(n, "status_code")
	}
}
