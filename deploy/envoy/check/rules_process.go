package check

import (
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

func processRules() []Rule {
	return []Rule{
		{"admin-reachable", "whoever reaches Envoy's admin interface can change its settings, drain it, and read its configuration",
			"remove admin, or give it a Unix socket or a loopback address", adminReachable},
		{"runtime-guard", "a setting of the file undone, or an earlier behaviour of Envoy's, from before a fault of it was mended: paths and headers are read in ways that nothing here was tried with",
			"remove entries of envoy.reloadable_features and http_connection_manager from layered_runtime, and layers that come from elsewhere", runtimeGuard},
		{"upstream-not-verified", "whoever answers in the other service's place gets the requests, tokens included",
			"a validation_context with the SPIFFE validator, and the server's SPIFFE ID under match_typed_subject_alt_names", upstreamNotVerified},
		{"not-seen", "anything: what is delivered later is not in this file",
			"check the answer of Envoy's admin interface to GET /config_dump instead", notSeen},
	}
}

func adminReachable(c *Config, _ Options, r *report) {
	if address := c.bootstrap.Get("admin", "address"); address != nil && !localAddress(address) {
		r.at(address, "the admin interface listens on %q", address.Get("socket_address", "address").Text())
	}
}

func runtimeGuard(c *Config, _ Options, r *report) {
	for _, layer := range c.bootstrap.Get("layered_runtime", "layers").List() {
		for _, elsewhere := range []string{"rtds_layer", "disk_layer"} {
			isAbsent(elsewhere)(layer, r)
		}
		layer.Get("static_layer").Walk(func(n *tree.Node) {
			if n.Text() != "" && (strings.Contains(n.Path(), "_features") || strings.Contains(n.Path(), "http_connection_manager.")) {
				r.at(n, "%s is %q", n.Key(), n.Text())
			}
		})
	}
}

// upstreamNotVerified is about every cluster that speaks TLS, but for the authorizer's, which has
// a rule of its own.
func upstreamNotVerified(c *Config, _ Options, r *report) {
	authorizers := map[string]bool{}
	for _, g := range c.gates {
		for _, authz := range g.authz() {
			authorizers[authz.Get("grpc_service", "envoy_grpc", "cluster_name").Text()] = true
		}
	}
	for name, cluster := range c.clusters {
		socket, _ := cluster.Get("transport_socket", "typed_config").Any()
		if socket == upstreamTLSType && !authorizers[name] && !c.verified(cluster) {
			r.at(cluster, "the cluster %q does not verify who answers", name)
		}
	}
}

func notSeen(c *Config, _ Options, r *report) {
	if !c.dump {
		isAbsent("lds_config")(c.root.Get("dynamic_resources"), r)
		isAbsent("lds_resources_locator")(c.root.Get("dynamic_resources"), r)
		isAbsent("cds_config")(c.root.Get("dynamic_resources"), r)
		isAbsent("cds_resources_locator")(c.root.Get("dynamic_resources"), r)
	}
	for _, l := range c.listeners {
		isAbsent("fcds_config")(l.node, r)
		for _, ch := range l.chains {
			for _, n := range ch.dynamic {
				r.field(n, "config_discovery")
			}
		}
	}
	for _, g := range c.gates {
		unseenRoutes(g, r)
		unseenFilters(g, r)
	}
}

func unseenRoutes(g *gate, r *report) {
	routes := g.routes()
	if len(routes) == 0 {
		r.at(g.hcm, "its routes come from elsewhere (rds or scoped_routes)")
	}
	for _, n := range routes {
		isAbsent("vhds")(n, r)
	}
}

func unseenFilters(g *gate, r *report) {
	for _, s := range g.stacks {
		for _, f := range s.filters {
			if f.node.Get("config_discovery") != nil && g.config.filters[f.node.Get("name").Text()] == nil {
				r.at(f.node, "the filter %q comes from elsewhere", f.node.Get("name").Text())
			}
		}
	}
}
