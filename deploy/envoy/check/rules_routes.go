package check

import (
	"slices"
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
			"remove x-postern-*, in every spelling, from what routes and filters add to requests", eachGate(identityHeader)},
		{"upstream-by-client", "the client names the host that its request goes to, with the app's own network around it",
			"name the cluster, and let it name its hosts", upstreamByClient},
		{"filter-in-cluster", "the filter changes the request after it was checked",
			"remove http_filters from the cluster's HttpProtocolOptions", eachCluster(clusterFilters)},
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

// identityHeader looks at everything that can add a header: routes, and filters such as
// local_ratelimit, before the check or after it.
func identityHeader(g *gate, r *report) {
	g.walk(func(n *tree.Node) {
		if n.Named("key") && n.Parent().Named("header") && identity(n.Text()) && !ofResponse(n) {
			r.at(n, "the header %q is set", n.Text())
		}
	})
}

// identity says that an app may take the header for one that Postern sets: many apps read
// x_postern_user, or x.postern.user, as they read x-postern-user.
func identity(name string) bool {
	folded := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(name))
	return strings.HasPrefix(folded, "x-postern-")
}

// ofResponse says that the setting is about what goes back to the client.
func ofResponse(n *tree.Node) bool {
	for ; n != nil; n = n.Parent() {
		if strings.HasPrefix(n.Key(), "response") || n.Named("local_reply_config") {
			return true
		}
	}
	return false
}

func upstreamByClient(c *Config, o Options, r *report) {
	eachRoutes(func(routes *tree.Node, r *report) {
		routes.Walk(func(n *tree.Node) {
			for _, choice := range []string{"cluster_header", "inline_cluster_specifier_plugin", "cluster_specifier_plugin"} {
				isAbsent(choice)(n, r)
			}
		})
	})(c, o, r)
	eachCluster(func(cluster *tree.Node, r *report) {
		if !namesHosts(cluster) || !cluster.Get("original_dst_lb_config", "use_http_header").False() {
			r.at(cluster, "the cluster %q goes where the request says, or cannot be judged", cluster.Get("name").Text())
		}
	})(c, o, r)
}

// namesHosts says that the hosts do not depend on the request. The dynamic forward proxy's do.
func namesHosts(cluster *tree.Node) bool {
	kind, _ := cluster.Get("cluster_type", "typed_config").Any()
	return cluster.Get("cluster_type") == nil || slices.ContainsFunc([]string{".aggregate.", ".composite.", ".dns."}, func(sound string) bool {
		return strings.HasPrefix(kind, "envoy.extensions.clusters"+sound)
	})
}

// eachCluster is asked about every cluster: a checked request comes to one by its name, by a
// weight, by way of another cluster, or by what a filter says.
func eachCluster(find func(cluster *tree.Node, r *report)) func(*Config, Options, *report) {
	return func(c *Config, _ Options, r *report) {
		for _, cluster := range c.clusters {
			find(cluster, r)
		}
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
