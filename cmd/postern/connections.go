package main

import (
	"net"
	"net/netip"
	"sync"
)

// The bounds of what clients can make a listener hold open: together, and from one place, which may
// be a proxy. Whoever is beyond them is hung up on, so that he stands in nobody's way.
const (
	maxConnections     = 1024
	maxConnectionsEach = maxConnections / 2
)

// bounded is a listener of bounded connections.
type bounded struct {
	net.Listener

	mu   sync.Mutex
	open map[netip.Prefix]int
	all  int
}

// bound returns l with these bounds.
func bound(l net.Listener) net.Listener {
	return &bounded{Listener: l, open: map[netip.Prefix]int{}}
}

// Accept is part of net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := place(c.RemoteAddr())
		if b.take(from) {
			return &boundedConn{Conn: c, release: sync.OnceFunc(func() { b.give(from) })}, nil
		}
		c.Close() // it was told nothing that it waits for
	}
}

func (b *bounded) take(from netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= maxConnections || from.IsValid() && b.open[from] >= maxConnectionsEach {
		return false
	}
	b.all++
	b.open[from]++
	return true
}

func (b *bounded) give(from netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.open[from]--; b.open[from] == 0 {
		delete(b.open, from)
	}
}

// place returns where a client is: its IPv4 address, or the network that it has of IPv6; none for a
// Unix socket, whose clients its mode chooses.
func place(from net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

type boundedConn struct {
	net.Conn
	release func()
}

// Close is part of net.Conn.
func (c *boundedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
