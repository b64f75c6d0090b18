//go:build e2e_spire

package spire_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/spire"
)

// stock is the other workload that runs Postern's binary.
const stock = "spiffe://shop.test/ns/shop/sa/a-stock" // sorts before orders

// A shown is whose certificates a listener presented, and how often.
type shown struct {
	mu     sync.Mutex
	ids    map[string]int
	faults []string
}

// poll connects again and again, until stop is called.
func (c *sidecar) poll(addr string) (stop func() *shown) {
	s := &shown{ids: map[string]int{}}
	done := make(chan struct{})
	var polling sync.WaitGroup
	polling.Go(func() {
		for tick := time.NewTicker(between); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
			}
			id, err := c.presented(addr)
			s.mu.Lock()
			if s.ids[id]++; err != nil {
				s.faults = append(s.faults, err.Error())
			}
			s.mu.Unlock()
		}
	})
	return func() *shown {
		close(done)
		polling.Wait()
		return s
	}
}

// presented connects as orders and returns the SPIFFE ID that the listener presents.
func (c *sidecar) presented(addr string) (string, error) {
	config := spire.TLS(c.watch.SVID(mesh.Orders))
	config.NextProtos = []string{"h2"}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", addr, config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	if len(leaf.URIs) != 1 {
		return "", fmt.Errorf("%d URIs", len(leaf.URIs))
	}
	return leaf.URIs[0].String(), nil
}

// TestTwoIdentities registers Postern's process as two workloads. It is the one that --workload
// names, through rotations, taints with their flicker, and the end of either registration: its
// policy, and the certificate of its own listener.
func TestTwoIdentities(t *testing.T) {
	t.Parallel()
	c := start(t, setup{workloads: []string{stock, mesh.Orders}, args: []string{"--workload", mesh.Orders}})
	addr := c.listener(t)
	eventually(t, "the listener presents orders", patience, func() bool {
		id, err := c.presented(addr)
		return err == nil && id == mesh.Orders
	})
	l := c.load(t, order, c.newest(mesh.Web))
	stop := c.poll(addr)
	from := len(c.watch.Updates())
	for range 3 {
		before, old := c.server.Active(spire.X509), c.watch.SVID(mesh.Web)
		c.awaitRoots(t, "shop.test", 1)
		next := c.server.Prepare(spire.X509)
		c.awaitRoots(t, "shop.test", 2)
		c.server.Activate(spire.X509, next)
		c.server.Taint(spire.X509, before)
		c.awaitIssuer(t, "an SVID of the new root", old)
		c.server.Revoke(spire.X509, before)
	}
	c.endOf(t, stop)
	l.wantAllAllowed("two identities, three rotations of the CA")
	single := 0
	for _, u := range c.watch.Updates()[from:] {
		if len(u.SVIDs) < 2 {
			single++
		}
	}
	t.Logf("%d of %d updates held one of the test's own two SVIDs", single, len(c.watch.Updates())-from)
}

// endOf ends the registration of one identity, then of the other, and stops the poll.
func (c *sidecar) endOf(t *testing.T, stop func() *shown) {
	t.Helper()
	undecided := postern.Launch(t, postern.Options{Binary: c.binary, Policies: c.Policies, Args: []string{"--workload-api", c.agent.Address()}})
	says := func(p *postern.Postern, text string) func() bool {
		return func() bool { _, detail := p.Ready(); return strings.Contains(detail, text) }
	}
	eventually(t, "without --workload it does not choose", patience, says(undecided, "offers 2 identities"))
	c.agent.Unregister(c.entries[0])
	eventually(t, "it is orders, the only one left", patience, func() bool { ready, _ := undecided.Ready(); return ready })
	c.agent.Register(spire.Entry{ID: stock, Path: c.binary})
	c.agent.Unregister(c.entries[1])
	for _, p := range []*postern.Postern{c.Postern, undecided} {
		eventually(t, "orders is gone, stock is there", patience, says(p, "does not offer "+mesh.Orders+" any more, only "+stock))
	}
	got := stop()
	t.Logf("the listener presented %v, %d faults", got.ids, len(got.faults))
	if got.ids[mesh.Orders] < 20 || len(got.ids) != 1 || len(got.faults) > 0 {
		t.Errorf("presented %v: %v", got.ids, got.faults)
	}
}

// listener starts another Postern that listens on TCP, with our own SVID, and returns where.
func (c *sidecar) listener(t *testing.T) string {
	t.Helper()
	addr := outside(t)
	postern.Start(t, postern.Options{Binary: c.binary, Policies: c.Policies, Workload: mesh.Orders,
		Args: []string{"--workload-api", c.agent.Address(), "--listen", addr}})
	return addr
}

// outside returns a free port on an address of this machine that is not loopback, where
// Postern speaks mTLS.
func outside(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("0.0.0.0:%d", l.Addr().(*net.TCPAddr).Port)
}
