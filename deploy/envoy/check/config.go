package check

import (
	"errors"
	"fmt"

	"github.com/postern/postern/deploy/envoy/tree"
)

// A Config is one Envoy configuration, laid out for the rules.
type Config struct {
	name      string
	root      *tree.Node
	bootstrap *tree.Node // nil in a dump without one
	dump      bool
	listeners []*listener
	gates     []*gate // every HTTP connection manager with an ext_authz filter
	clusters  map[string]*tree.Node
	secrets   map[string]*tree.Node
	filters   map[string]*tree.Node // what ECDS delivered, in a dump
	routes    map[string]*tree.Node // what RDS delivered, in a dump
}

// Read takes the text of a bootstrap or a config_dump. name is what findings call it.
func Read(name string, text []byte) (*Config, error) {
	root, err := tree.Parse(name, text)
	if err != nil {
		return nil, err
	}
	c := &Config{
		name: name, root: root,
		clusters: map[string]*tree.Node{}, secrets: map[string]*tree.Node{},
		filters: map[string]*tree.Node{}, routes: map[string]*tree.Node{},
	}
	switch {
	case len(root.Get("configs").List()) > 0:
		c.readDump()
	case root.Get("static_resources") != nil || root.Get("dynamic_resources") != nil:
		c.bootstrap = root
		c.readStatic()
	default:
		return nil, fmt.Errorf("%s: neither a bootstrap (static_resources) nor a config_dump (configs)", name)
	}
	if len(c.listeners) == 0 && !c.expectsMore() {
		return nil, errors.New(name + ": there is no listener in it")
	}
	return c, nil
}

// expectsMore says that listeners come from elsewhere.
func (c *Config) expectsMore() bool {
	return !c.dump && c.root.Get("dynamic_resources", "lds_config") != nil
}

func (c *Config) readStatic() {
	static := c.bootstrap.Get("static_resources")
	byName(c.clusters, static.Get("clusters"))
	byName(c.secrets, static.Get("secrets"))
	for _, n := range static.Get("listeners").List() {
		c.addListener(n)
	}
}

func byName(into map[string]*tree.Node, list *tree.Node) {
	for _, n := range list.List() {
		into[n.Get("name").Text()] = n
	}
}

func (c *Config) readDump() {
	c.dump = true
	var listeners []*tree.Node
	for _, part := range c.root.Get("configs").List() {
		switch name, _ := part.Any(); name {
		case "envoy.admin.v3.BootstrapConfigDump":
			c.bootstrap = part.Get("bootstrap")
		case "envoy.admin.v3.ListenersConfigDump":
			listeners = append(listeners, listenersOf(part)...)
		case "envoy.admin.v3.ClustersConfigDump":
			collect(c.clusters, "cluster", part.Get("static_clusters"), part.Get("dynamic_active_clusters"), part.Get("dynamic_warming_clusters"))
		case "envoy.admin.v3.RoutesConfigDump":
			collect(c.routes, "route_config", part.Get("dynamic_route_configs"))
		case "envoy.admin.v3.SecretsConfigDump":
			collect(c.secrets, "secret", part.Get("static_secrets"), part.Get("dynamic_active_secrets"))
		case "envoy.admin.v3.EcdsConfigDump":
			collect(c.filters, "ecds_filter", part.Get("ecds_filters"))
		}
	}
	static := c.bootstrap.Get("static_resources")
	if len(listeners) == 0 {
		listeners = static.Get("listeners").List()
	}
	if len(c.clusters) == 0 {
		byName(c.clusters, static.Get("clusters"))
	}
	for _, n := range listeners {
		c.addListener(n)
	}
}

// listenersOf returns what serves now and what is about to.
func listenersOf(part *tree.Node) []*tree.Node {
	var all []*tree.Node
	for _, n := range part.Get("static_listeners").List() {
		all = append(all, n.Get("listener"))
	}
	for _, n := range part.Get("dynamic_listeners").List() {
		for _, state := range []string{"active_state", "warming_state"} {
			if l := n.Get(state, "listener"); l != nil {
				all = append(all, l)
			}
		}
	}
	return all
}

// collect puts what each list holds under field into the map, by name.
func collect(into map[string]*tree.Node, field string, lists ...*tree.Node) {
	for _, list := range lists {
		for _, item := range list.List() {
			if n := item.Get(field); n != nil {
				into[n.Get("name").Text()] = n
			}
		}
	}
}
