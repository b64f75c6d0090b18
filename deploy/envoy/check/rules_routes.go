package check

import (
	"strings"

	"github.com/postern/postern/deploy/envoy/tree"
)

func routeRules() []Rule {
	return []Rule{
		{"no-catch-all", "Envoy does not ask Postern about a request that has no route; a filter that gives it one later brings it in unchecked",
			`domains: ["*"] in one virtual host, and a last route with match: {prefix: /} in each`, eachRoutes(catchAll)},
		{"route-disabled", "requests of the route are not checked",
			"remove disabled", eachOverride(routeDisabled)},
		{"route-authorizer", "requests of the route are checked by somebody else, or by nobody",
			"remove grpc_service and http_service from check_settings", eachOverride(routeAuthorizer)},
		{"route-body", "a check waits for a body, or sees a part of it",
			"remove with_request_body from check_settings", eachOverride(func(n *tree.Node, r *report) { body(n.Get("check_settings"), r) })},
		{"identity-header-set", "the app gets an identity that Postern did not give",
			"remove x-postern-* from request_headers_to_add", eachRoutes(identityHeader)},
		{"upstream-by-client", "the client names the host that its request goes to, with the app's own network around it",
			"name the cluster", upstreamByClient},
		{"filter-in-cluster", "the filter changes the request after it was checked",
			"remove http_filters from the cluster's HttpProtocolOptions", eachUpstream(clusterFilters)},
	}
}

func eachRoutes(find func(routes *tree.Node, r *report)) func(*Config, Options, *report) {
	return eachGate(func(g *gate, r *report) {
		for _, routes := range g.routes() {
			find(routes, r)
		}
	})
}

// eachOverride is asked about what routes and virtual hosts say to ext_authz.
func eachOverride(find func(settings *tree.Node, r *report)) func(*Config, Options, *report) {
	return eachGate(func(g *gate, r *report) {
		for _, routes := range g.routes() {
			routes.Walk(func(n *tree.Node) {
				if !n.Named("typed_per_filter_config") {
					return
				}
				for _, entry := range n.Fields() {
					override(g, entry, r, find)
				}
			})
		}
	})
}

// override opens both spellings: ExtAuthzPerRoute itself, and a FilterConfig around it or alone.
func override(g *gate, entry *tree.Node, r *report, find func(*tree.Node, *report)) {
	name, settings := entry.Any()
	if strings.HasSuffix(name, "config.route.v3.FilterConfig") {
		for _, own := range g.names() {
			if entry.Key() == own {
				find(settings, r)
			}
		}
		name, settings = settings.Get("config").Any()
	}
	if name == authzPerRouteType {
		find(settings, r)
	}
}

func routeDisabled(settings *tree.Node, r *report) { isFalse("disabled")(settings, r) }

func routeAuthorizer(settings *tree.Node, r *report) {
	isAbsent("check_settings", "grpc_service")(settings, r)
	isAbsent("check_settings", "http_service")(settings, r)
}

func catchAll(routes *tree.Node, r *report) {
	hosts := routes.Get("virtual_hosts")
	everyHost := false
	for _, host := range hosts.List() {
		for _, domain := range host.Get("domains").List() {
			everyHost = everyHost || domain.Text() == "*"
		}
		if host.Get("matcher") == nil && !endsInCatchAll(host.Get("routes").List()) {
			r.at(host, "the virtual host %q has no route for everything", host.Get("name").Text())
		}
	}
	if !everyHost {
		r.at(routes, "no virtual host has the domain *")
	}
}

func endsInCatchAll(routes []*tree.Node) bool {
	if len(routes) == 0 {
		return false
	}
	match := routes[len(routes)-1].Get("match")
	prefix := match.Get("prefix")
	for _, condition := range match.Fields() {
		if !condition.Named("prefix") && !condition.Named("case_sensitive") {
			return false
		}
	}
	return prefix != nil && strings.Trim(prefix.Text(), "/") == "" && len(prefix.Text()) <= 1
}

func identityHeader(routes *tree.Node, r *report) {
	routes.Walk(func(n *tree.Node) {
		if !n.Named("request_headers_to_add") {
			return
		}
		for _, header := range n.List() {
			if strings.HasPrefix(strings.ToLower(header.Get("header", "key").Text()), "x-postern-") {
				r.field(header, "header", "key")
			}
		}
	})
}

func upstreamByClient(c *Config, o Options, r *report) {
	eachRoutes(func(routes *tree.Node, r *report) {
		routes.Walk(func(n *tree.Node) { isAbsent("cluster_header")(n, r) })
	})(c, o, r)
	eachUpstream(func(cluster *tree.Node, r *report) {
		name, _ := cluster.Get("cluster_type", "typed_config").Any()
		if strings.Contains(name, ".dynamic_forward_proxy.") || !cluster.Get("original_dst_lb_config", "use_http_header").False() {
			r.at(cluster, "the cluster %q goes where the request says", cluster.Get("name").Text())
		}
	})(c, o, r)
}

// eachUpstream is asked about every cluster that a checked request can be routed to by name.
func eachUpstream(find func(cluster *tree.Node, r *report)) func(*Config, Options, *report) {
	return func(c *Config, o Options, r *report) {
		eachRoutes(func(routes *tree.Node, r *report) {
			routes.Walk(func(n *tree.Node) {
				if cluster := c.clusters[n.Text()]; n.Named("cluster") && cluster != nil {
					find(cluster, r)
				}
			})
		})(c, o, r)
	}
}

func clusterFilters(cluster *tree.Node, r *report) {
	for _, options := range cluster.Get("typed_extension_protocol_options").Fields() {
		_, settings := options.Any()
		for _, n := range settings.Get("http_filters").List() {
			if name, _ := n.Get("typed_config").Any(); !strings.HasSuffix(name, ".UpstreamCodec") {
				r.at(n, "%s runs after ext_authz, in the cluster", name)
			}
		}
	}
}
