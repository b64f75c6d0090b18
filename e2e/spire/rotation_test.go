//go:build e2e_spire

package spire_test

import (
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/spire"
)

// TestShortLives rotates SVIDs of 30 s under load. What has expired is refused.
func TestShortLives(t *testing.T) {
	t.Parallel()
	c := start(t, setup{server: spire.Config{Life: 30 * time.Second}})
	first := c.watch.SVID(mesh.Web)
	l := c.load(t, order, c.newest(mesh.Web))
	rotations, last := 0, first
	for end := first.Certificates[0].NotAfter.Add(time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if now := c.watch.SVID(mesh.Web); now != last {
			rotations, last = rotations+1, now
		}
	}
	l.wantAllAllowed("rotation of short-lived SVIDs")
	t.Logf("%d rotations; an SVID is valid for %v", rotations, first.Certificates[0].NotAfter.Sub(first.Certificates[0].NotBefore))
	if rotations < 2 {
		t.Errorf("only %d rotations", rotations)
	}
	c.want(t, "the first SVID, expired", first, order, 403, "certificate_expired")
	c.want(t, "the newest", c.watch.SVID(mesh.Web), order, 200, "")
}

// TestRotationOfTheCA takes a trust domain through all of it: another authority is prepared,
// published, activated, the old one tainted and revoked. It costs nobody anything but those who
// still present what the old one signed.
func TestRotationOfTheCA(t *testing.T) {
	t.Parallel()
	c := start(t, setup{})
	healthy, pace := c.load(t, order, c.newest(mesh.Web)), mesh.NewPace(t)
	for range pace.Tries(1) {
		c.rotateCA(t, pace)
	}
	healthy.wantAllAllowed("rotation of the CA")
}

// rotateCA ends with the cut of what the old authority signed.
func (c *sidecar) rotateCA(t *testing.T, pace *mesh.Pace) {
	t.Helper()
	c.awaitRoots(t, "shop.test", 1)
	old := c.watch.SVID(mesh.Web)
	stale := c.load(t, order, fixed(old))
	from := len(c.watch.Updates())
	next := c.server.Prepare(spire.X509)
	c.watch.Await("two roots", from, func(u spire.Update) bool { return u.Roots("shop.test") == 2 })
	c.awaitRoots(t, "shop.test", 2)
	before := c.server.Active(spire.X509)
	c.server.Activate(spire.X509, next)
	c.want(t, "the old root, no longer active", old, order, 200, "")
	c.server.Taint(spire.X509, before)
	c.awaitIssuer(t, "an SVID of the new authority", old)
	open := c.HTTP1(t, spire.TLS(old))
	if got, err := open.Do(order); err != nil || got.Status != 200 {
		t.Errorf("the old root, tainted: %v, %v", got, err)
	}
	from = len(c.watch.Updates())
	c.server.Revoke(spire.X509, before)
	revoked := time.Now()
	gone := c.watch.Await("one root", from, func(u spire.Update) bool { return u.Roots("shop.test") == 1 })
	t.Logf("SPIRE's agent says that the root is gone %v after the command", gone.At.Sub(revoked).Round(time.Millisecond))
	stale.wantCut("the revoked root", pace, gone.At, 403, "certificate_untrusted")
	if got, err := open.Do(order); err != nil || got.Status != 403 {
		t.Errorf("the old root on a connection that was open before: %v, %v", got, err)
	}
}
