//go:build e2e_spire

package spire_test

import (
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/spire"
)

// A partner is another trust domain, with a workload that may call orders.
type partner struct {
	server *spire.Server
	watch  *spire.Watch
	tokens *spire.JWTClient
}

func startPartner(t *testing.T) *partner {
	t.Helper()
	p := &partner{server: spire.StartServer(t, spire.Config{TrustDomain: "partner.test"})}
	agent := p.server.Agent(t)
	agent.Register(spire.Entry{ID: mesh.Ally, Path: spire.Self(t)})
	agent.Start()
	p.watch, p.tokens = spire.NewWatch(t, agent), spire.NewJWTClient(t, agent)
	p.watch.Await("the ally", 0, func(u spire.Update) bool { return u.SVID(mesh.Ally) != nil })
	return p
}

func (p *partner) ally() *x509svid.SVID { return p.watch.SVID(mesh.Ally) }

// TestFederation takes a federation of two trust domains from its beginning, through a rotation
// of the partner's CA, to its two ends: one that SPIRE's users may take for one, and the real
// one.
func TestFederation(t *testing.T) {
	t.Parallel()
	p := startPartner(t)
	c := start(t, setup{federates: []string{"partner.test"}, before: func(s *spire.Server) { s.Federate(p.server) }})
	c.watch.Await("the partner's bundle", 0, func(u spire.Update) bool { return u.Roots("partner.test") == 1 })
	eventually(t, "Postern has the partner's bundle, too", patience, func() bool {
		status, _, _ := c.ask(p.ally(), ally)
		return status == 200
	})
	c.want(t, "the ally where web may go", p.ally(), order, 403, "caller_not_granted")
	allies := c.load(t, ally, p.ally)
	web := c.load(t, order, c.newest(mesh.Web))
	pace := mesh.NewPace(t)
	c.rotatePartner(t, p, pace)
	allies.wantAllAllowed("a partner rotates its CA")

	allies = c.load(t, ally, p.ally)
	c.restart(t, c.agent.Stop)
	allies.forAWhile().wantAllAllowed("the agent restarts: a partner")

	allies = c.load(t, ally, p.ally)
	from := len(c.watch.Updates())
	c.server.Unfederate(p.server)
	time.Sleep(4 * time.Second) // longer than SPIRE needs for an update, were there one
	for _, u := range c.watch.Updates()[from:] {
		if u.Roots("partner.test") == 0 {
			t.Error("federation delete alone took the bundle away: the documentation says that it does not")
		}
	}
	allies.wantAllAllowed("federation delete alone, which ends no trust")

	allies = c.load(t, ally, p.ally)
	jwt := token(t, p.tokens, mesh.Ally, "shop-api")
	job := func() (int, string, error) {
		return c.ask(nil, "GET /partner-job HTTP/1.1\r\nhost: orders.test\r\nx-partner: "+jwt+"\r\n\r\n")
	}
	eventually(t, "Postern has the partner's JWT bundle, too", patience, func() bool { status, _, _ := job(); return status == 200 })
	users := steady(t, job)
	users.forAWhile()
	from = len(c.watch.Updates())
	c.server.Dissociate(p.server)
	gone := c.watch.Await("no bundle of the partner", from, func(u spire.Update) bool { return u.Roots("partner.test") == 0 })
	allies.wantCut("the dissociated partner", pace, gone.At, 403, "trust_domain_unknown")
	users.wantCut("the dissociated partner's JWT-SVIDs", pace, gone.At, 503, "keys_unavailable")
	web.wantAllAllowed("our own workloads, all along")
}

// rotatePartner rotates the partner's CA. Our server asks the partner's bundle endpoint when it
// is told to, since SPIRE's own interval is a minute.
func (c *sidecar) rotatePartner(t *testing.T, p *partner, pace *mesh.Pace) {
	t.Helper()
	before, old := p.server.Active(spire.X509), p.ally()
	next := p.server.Prepare(spire.X509)
	from := len(c.watch.Updates())
	c.server.Refresh(p.server)
	c.watch.Await("two roots of the partner", from, func(u spire.Update) bool { return u.Roots("partner.test") == 2 })
	c.awaitRoots(t, "partner.test", 2)
	p.server.Activate(spire.X509, next)
	p.server.Taint(spire.X509, before)
	eventually(t, "the ally has an SVID of the new root", patience, func() bool {
		return string(p.ally().Certificates[0].AuthorityKeyId) != string(old.Certificates[0].AuthorityKeyId)
	})
	p.server.Revoke(spire.X509, before)
	stale := c.load(t, ally, fixed(old))
	from = len(c.watch.Updates())
	c.server.Refresh(p.server)
	gone := c.watch.Await("one root of the partner", from, func(u spire.Update) bool { return u.Roots("partner.test") == 1 })
	stale.wantCut("the partner's revoked root", pace, gone.At, 403, "certificate_untrusted")
}
