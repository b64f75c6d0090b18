//go:build e2e_spire

package spire_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/spire"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// above writes the files of a CA above the server's.
func above(t *testing.T, dir string) *mint.CA {
	t.Helper()
	ca := minttest.CA(t, "shop.test")
	key, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"up.key": key, "up.crt": ca.BundlePEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ca
}

// TestNested puts a CA above SPIRE's: an SVID then comes with an intermediate, which reaches
// Postern in the certificate chain that Envoy forwards. Intermediate and root are rotated under
// load.
func TestNested(t *testing.T) {
	t.Parallel()
	files := postern.Dir(t)
	root := above(t, files)
	c := start(t, setup{server: spire.Config{Life: 40 * time.Second, Upstream: files}})
	first := c.watch.SVID(mesh.Web)
	if len(first.Certificates) != 2 {
		t.Fatalf("the chain has %d certificates", len(first.Certificates))
	}
	bare := *first
	bare.Certificates = first.Certificates[:1]
	c.want(t, "with its intermediate", first, order, 200, "")
	c.want(t, "without its intermediate", &bare, order, 403, "certificate_untrusted")

	l := c.load(t, order, c.newest(mesh.Web))
	c.server.Activate(spire.X509, c.server.Prepare(spire.X509))
	c.awaitIssuer(t, "another intermediate", first)

	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		old := root
		root = above(t, files)
		c.rotateRoot(t, old, pace)
	}
	l.wantAllAllowed("nested, rotation of intermediate and root")
}

// rotateRoot replaces the CA above SPIRE's, whose files are new.
func (c *sidecar) rotateRoot(t *testing.T, old *mint.CA, pace *mesh.Pace) {
	t.Helper()
	c.awaitRoots(t, "shop.test", 1)
	from := len(c.watch.Updates())
	next := c.server.Prepare(spire.X509)
	c.watch.Await("the upstream's new root", from, func(u spire.Update) bool { return u.Roots("shop.test") == 2 })
	c.awaitRoots(t, "shop.test", 2)
	c.server.Activate(spire.X509, next)
	before := c.watch.SVID(mesh.Web)
	c.server.TaintUpstream(old.Certificate().SubjectKeyId)
	c.awaitIssuer(t, "an intermediate of the new root", before)
	stale := c.load(t, order, fixed(before))
	from = len(c.watch.Updates())
	c.server.RevokeUpstream(old.Certificate().SubjectKeyId)
	gone := c.watch.Await("the old root gone", from, func(u spire.Update) bool { return u.Roots("shop.test") == 1 })
	stale.wantCut("the revoked upstream root", pace, gone.At, 403, "certificate_untrusted")
	c.want(t, "by the new root", c.watch.SVID(mesh.Web), order, 200, "")
}
