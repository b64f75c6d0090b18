package check

func processRules() []Rule {
	return []Rule{
		{"admin-reachable", "whoever reaches Envoy's admin interface can change its settings, drain it, and read its configuration",
			"remove admin, or give it a Unix socket or a loopback address", adminReachable},
		{"not-seen", "anything: what is delivered later is not in this file",
			"check the answer of Envoy's admin interface to GET /config_dump instead", notSeen},
	}
}

func adminReachable(c *Config, _ Options, r *report) {
	if address := c.bootstrap.Get("admin", "address"); address != nil && !localAddress(address) {
		r.at(address, "the admin interface listens on %q", address.Get("socket_address", "address").Text())
	}
}

func notSeen(c *Config, _ Options, r *report) {
	if !c.dump {
		isAbsent("lds_config")(c.root.Get("dynamic_resources"), r)
		isAbsent("lds_resources_locator")(c.root.Get("dynamic_resources"), r)
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
