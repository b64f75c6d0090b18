package main

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// TestConnectionsAreBounded: whoever has too many is hung up on, others and those who hang up
// themselves come in.
func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := bound(inner)
	t.Cleanup(func() { l.Close() })
	accepted := make(chan net.Conn, 2*maxConnectionsEach)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Minute}
		c, err := d.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var held []net.Conn
	for range maxConnectionsEach {
		dial("127.0.0.1")
		held = append(held, <-accepted)
	}
	refused := dial("127.0.0.1")
	_ = refused.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := refused.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("one too many: %d, %v", n, err)
	}
	dial("127.0.0.2")
	elsewhere := <-accepted
	for range 2 { // closing twice is closing once
		held[0].Close()
	}
	dial("127.0.0.1")
	again := <-accepted
	for _, c := range append(held[1:], elsewhere, again) {
		c.Close()
	}
	b := l.(*bounded)
	if b.mu.Lock(); b.all != 0 || len(b.open) != 0 {
		t.Errorf("%d are open, in %v", b.all, b.open)
	}
	b.mu.Unlock()
}

// TestAllConnectionsAreBounded, wherever they come from.
func TestAllConnectionsAreBounded(t *testing.T) {
	b := bound(nil).(*bounded)
	taken := 0
	for i := range 200 {
		for range 10 {
			if b.take(place(&net.TCPAddr{IP: net.IPv4(10, 0, byte(i), 1), Port: 1})) {
				taken++
			}
		}
	}
	if taken != maxConnections {
		t.Errorf("%d were let in", taken)
	}
}

// TestPlaces: an address of IPv6 is a host's to choose, its network is not.
func TestPlaces(t *testing.T) {
	for from, want := range map[string]string{
		"10.0.0.7": "10.0.0.7/32", "::ffff:10.0.0.7": "10.0.0.7/32", "2001:db8::1": "2001:db8::/64", "2001:db8::ffff:1": "2001:db8::/64",
	} {
		if got := place(&net.TCPAddr{IP: net.ParseIP(from), Port: 443}).String(); got != want {
			t.Errorf("%s is in %s, want %s", from, got, want)
		}
	}
	if got := place(&net.UnixAddr{Name: "/run/x.sock"}); got.IsValid() {
		t.Errorf("a Unix socket is in %v", got)
	}
}
