//go:build e2e_spire

package spire_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/spire"
)

// back is how soon Postern must be back when its agent, or its registration, is: it asks again
// after at most 5 s, and a connection is tried again after at most one. The rest is SPIRE's, and a
// busy machine's. What it took is logged.
const back = time.Minute

// TestAgentRestart restarts the agent, as an upgrade and as a crash do, under load. Afterwards
// Postern listens to it as before.
func TestAgentRestart(t *testing.T) {
	t.Parallel()
	c := start(t, setup{})
	l := c.load(t, order, c.newest(mesh.Web))
	for _, end := range []func(){c.agent.Stop, c.agent.Kill} {
		c.restart(t, end)
	}
	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		c.rotateCA(t, pace)
	}
	l.wantAllAllowed("restarts of the agent")
}

// restart ends Postern's agent and starts it again.
func (c *sidecar) restart(t *testing.T, end func()) {
	t.Helper()
	end()
	eventually(t, "Postern sees it", patience, c.degraded)
	c.agent.Start()
	begun := time.Now()
	eventually(t, "Postern has it back", patience, func() bool { return !c.degraded() })
	t.Logf("Postern listens to the agent again %v after it serves", time.Since(begun).Round(time.Millisecond))
}

// degraded says that Postern is ready with the last bundles that it has, its agent gone.
func (c *sidecar) degraded() bool {
	ready, detail := c.Postern.Ready()
	return ready && strings.Contains(detail, "the last bundles serve until")
}

// TestAgentGone takes Postern's agent away for longer than SVIDs live. The callers, elsewhere,
// keep theirs fresh. The last bundles serve for --max-bundle-age, and no moment longer.
func TestAgentGone(t *testing.T) {
	t.Parallel()
	const life, age = 20 * time.Second, 30 * time.Second
	c := start(t, setup{server: spire.Config{Life: life}, elsewhere: true, args: []string{"--max-bundle-age", age.String()}})
	l := c.load(t, order, c.newest(mesh.Web))
	web := token(t, spire.NewJWTClient(t, c.clients), mesh.Web, "shop-api")
	users := steady(t, func() (int, string, error) { return c.ask(nil, job(web)) })
	c.agent.Kill()
	gone := time.Now()
	pace := mesh.NewPace(t)
	l.wantCut("an agent that is gone", pace, gone.Add(age), 503, "bundle_stale")
	users.wantCut("JWT-SVIDs, the agent gone", pace, gone.Add(age), 503, "keys_unavailable")
	if ready, detail := c.Postern.Ready(); ready {
		t.Errorf("ready without a bundle that holds: %s", detail)
	}
	c.agent.Start()
	begun := time.Now()
	eventually(t, "Postern has it back", back, func() bool {
		status, _, err := c.ask(c.watch.SVID(mesh.Web), order)
		return err == nil && status == 200
	})
	t.Logf("allowed again %v after the agent serves", time.Since(begun).Round(time.Millisecond))
	c.load(t, order, c.newest(mesh.Web)).forAWhile().wantAllAllowed("after the agent came back")
}

// TestRegistrationRemoved deletes the registration of Postern's process. The agent then says
// PermissionDenied for ever and never sends an empty update.
func TestRegistrationRemoved(t *testing.T) {
	t.Parallel()
	const age = 10 * time.Second
	c := start(t, setup{args: []string{"--max-bundle-age", age.String()}})
	l := c.load(t, order, c.newest(mesh.Web))
	web := token(t, spire.NewJWTClient(t, c.agent), mesh.Web, "shop-api")
	users := steady(t, func() (int, string, error) { return c.ask(nil, job(web)) })
	deleted := time.Now()
	c.agent.Unregister(c.entries...)
	eventually(t, "Postern was told", patience, func() bool {
		_, detail := c.Postern.Ready()
		return strings.Contains(detail, "has no identity for this process")
	})
	told := time.Now()
	t.Logf("Postern was told after %v", told.Sub(deleted).Round(time.Millisecond))
	pace := mesh.NewPace(t)
	l.wantCut("a registration that was removed", pace, told.Add(age), 503, "bundle_stale")
	users.wantCut("JWT-SVIDs, the registration removed", pace, told.Add(age), 503, "keys_unavailable")
	c.agent.Register(spire.Entry{ID: mesh.Orders, Path: c.binary})
	begun := time.Now()
	eventually(t, "Postern is registered again", back, func() bool {
		status, _, err := c.ask(c.watch.SVID(mesh.Web), order)
		return err == nil && status == 200
	})
	t.Logf("allowed again %v after the registration", time.Since(begun).Round(time.Millisecond))
}

// forAWhile lets some requests be sent.
func (l *load) forAWhile() *load {
	l.t.Helper()
	eventually(l.t, "some requests", patience, func() bool { return len(l.so()) >= 100 })
	return l
}
