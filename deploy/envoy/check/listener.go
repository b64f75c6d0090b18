package check

import (
	"net/netip"

	"github.com/postern/postern/deploy/envoy/tree"
)

// A listener is where connections come in.
type listener struct {
	node   *tree.Node
	chains []*chain
}

// A chain is one filter chain of a listener.
type chain struct {
	listener *listener
	node     *tree.Node
	socket   string       // type of the transport socket; "" is cleartext
	tls      *tree.Node   // its DownstreamTlsContext
	managers []*tree.Node // HTTP connection managers
	dynamic  []*tree.Node // network filters that are delivered later
	gated    bool         // some manager asks an authorizer
}

const (
	managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
	tlsType     = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
	quicType    = "envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport"
	rawType     = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
)

func (c *Config) addListener(n *tree.Node) {
	if n == nil {
		return
	}
	l := &listener{node: n}
	chains := n.Get("filter_chains").List()
	if last := n.Get("default_filter_chain"); last != nil {
		chains = append(chains[:len(chains):len(chains)], last)
	}
	for _, node := range chains {
		l.chains = append(l.chains, c.newChain(l, node))
	}
	c.listeners = append(c.listeners, l)
}

func (c *Config) newChain(l *listener, n *tree.Node) *chain {
	ch := &chain{listener: l, node: n}
	if socket := n.Get("transport_socket"); socket != nil {
		ch.readSocket(socket.Get("typed_config").Any())
	}
	for _, filter := range n.Get("filters").List() {
		name, config := filter.Get("typed_config").Any()
		if filter.Get("config_discovery") != nil {
			ch.dynamic = append(ch.dynamic, filter)
		}
		if name != managerType {
			continue
		}
		ch.managers = append(ch.managers, config)
		if g := c.newGate(ch, config); g.checks() {
			ch.gated = true
			c.gates = append(c.gates, g)
		}
	}
	return ch
}

func (ch *chain) readSocket(name string, config *tree.Node) {
	switch name {
	case rawType:
	case tlsType:
		ch.socket, ch.tls = name, config
	case quicType:
		ch.socket, ch.tls = name, config.Get("downstream_tls_context")
	default:
		ch.socket = name
	}
}

// addresses returns every address that the listener binds.
func (l *listener) addresses() []*tree.Node {
	all := []*tree.Node{l.node.Get("address")}
	for _, more := range l.node.Get("additional_addresses").List() {
		all = append(all, more.Get("address"))
	}
	return all
}

// local says that nobody outside this host reaches the listener.
func (l *listener) local() bool {
	if l.node.Get("internal_listener") != nil {
		return true
	}
	for _, address := range l.addresses() {
		if !localAddress(address) {
			return false
		}
	}
	return true
}

// inbound says that the listener is meant for callers from elsewhere: it says so, or another
// filter chain of it is checked.
func (l *listener) inbound() bool {
	if l.saysInbound() {
		return true
	}
	for _, ch := range l.chains {
		if ch.gated {
			return true
		}
	}
	return false
}

func (l *listener) saysInbound() bool { return l.node.Get("traffic_direction").Is("INBOUND", 1) }

// localAddress says that an envoy.config.core.v3.Address stays on this host. A name does not:
// who knows what it resolves to.
func localAddress(address *tree.Node) bool {
	switch {
	case address.Get("pipe") != nil, address.Get("envoy_internal_address") != nil:
		return true
	}
	ip, err := netip.ParseAddr(address.Get("socket_address", "address").Text())
	return err == nil && ip.Unmap().IsLoopback()
}
