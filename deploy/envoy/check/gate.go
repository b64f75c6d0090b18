package check

import (
	"slices"

	"github.com/postern/postern/deploy/envoy/tree"
)

const (
	authzType         = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"
	authzPerRouteType = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"
	routerType        = "envoy.extensions.filters.http.router.v3.Router"
)

// A gate is an HTTP connection manager that asks an authorizer.
type gate struct {
	config *Config
	chain  *chain
	hcm    *tree.Node
	stacks []stack // http_filters, then those of each upgrade that has its own
}

// A stack is a list of HTTP filters, in the order in which a request meets them.
type stack struct {
	node    *tree.Node
	upgrade string // the upgrade_type whose own filters these are
	filters []filter
}

// A filter is one HTTP filter.
type filter struct {
	node    *tree.Node
	kind    string     // the type of its settings
	config  *tree.Node // its settings
	wrapped bool       // ext_authz is somewhere inside, and not always run
}

func (c *Config) newGate(ch *chain, hcm *tree.Node) *gate {
	g := &gate{config: c, chain: ch, hcm: hcm}
	g.stacks = append(g.stacks, c.newStack(hcm.Get("http_filters"), ""))
	for _, upgrade := range hcm.Get("upgrade_configs").List() {
		if own := upgrade.Get("filters"); len(own.List()) > 0 {
			g.stacks = append(g.stacks, c.newStack(own, upgrade.Get("upgrade_type").Text()))
		}
	}
	return g
}

func (c *Config) newStack(list *tree.Node, upgrade string) stack {
	s := stack{node: list, upgrade: upgrade}
	for _, n := range list.List() {
		s.filters = append(s.filters, c.newFilter(n))
	}
	return s
}

func (c *Config) newFilter(n *tree.Node) filter {
	settings := n.Get("typed_config")
	if delivered := c.filters[n.Get("name").Text()]; n.Get("config_discovery") != nil && delivered != nil {
		settings = delivered.Get("typed_config")
	}
	f := filter{node: n}
	f.kind, f.config = settings.Any()
	if f.kind == authzType {
		return f
	}
	settings.Walk(func(inner *tree.Node) {
		if name, _ := inner.Any(); name == authzType {
			f.wrapped = true
		}
	})
	return f
}

// checks says that some filter of some stack asks an authorizer, always or not.
func (g *gate) checks() bool {
	return slices.ContainsFunc(g.stacks, func(s stack) bool { return s.check() >= 0 })
}

// check returns the index of the ext_authz filter, or -1. Of several it is the first: which of
// them asks Postern cannot be told.
func (s stack) check() int {
	return slices.IndexFunc(s.filters, func(f filter) bool { return f.kind == authzType || f.wrapped })
}

// walk visits all settings of the manager: its own, and what was delivered for its routes and filters.
func (g *gate) walk(visit func(*tree.Node)) {
	g.hcm.Walk(visit)
	for _, routes := range g.routes() {
		routes.Walk(visit)
	}
	for _, s := range g.stacks {
		for _, f := range s.filters {
			f.config.Walk(visit)
		}
	}
}

// authz returns the settings of every ext_authz filter, those inside other filters included.
func (g *gate) authz() []*tree.Node {
	var all []*tree.Node
	for _, s := range g.stacks {
		for _, f := range s.filters {
			f.config.Walk(func(n *tree.Node) {
				if name, config := n.Any(); name == authzType {
					all = append(all, config)
				}
			})
		}
	}
	return all
}

// names returns the names of the ext_authz filters, under which routes configure them.
func (g *gate) names() []string {
	var all []string
	for _, s := range g.stacks {
		for _, f := range s.filters {
			if f.kind == authzType || f.wrapped {
				all = append(all, f.node.Get("name").Text())
			}
		}
	}
	return all
}

// routes returns the route configurations that can be seen.
func (g *gate) routes() []*tree.Node {
	var all []*tree.Node
	if inline := g.hcm.Get("route_config"); inline != nil {
		all = append(all, inline)
	}
	if named := g.config.routes[g.hcm.Get("rds", "route_config_name").Text()]; named != nil {
		all = append(all, named)
	}
	if scoped := g.hcm.Get("scoped_routes"); scoped != nil {
		all = append(all, g.scopedRoutes(scoped)...)
	}
	return all
}

// scopedRoutes returns the inline ones and, of a dump, all that were delivered: which scope
// gets which is not worth telling apart.
func (g *gate) scopedRoutes(scoped *tree.Node) []*tree.Node {
	var all []*tree.Node
	for _, scope := range scoped.Get("scoped_route_configurations_list", "scoped_route_configurations").List() {
		if inline := scope.Get("route_configuration"); inline != nil {
			all = append(all, inline)
		}
	}
	for _, delivered := range g.config.routes {
		all = append(all, delivered)
	}
	return all
}
