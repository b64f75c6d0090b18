//go:build e2e_spire

package spire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/spire"
	"github.com/postern/postern/e2e/upstream"
)

// routes are open to web, one to the ally of the federated trust domain, and two to whoever shows
// the JWT-SVID of web, or of a partner.
const routes = `
  - {name: order, http: {methods: [GET], path: "/orders/{id}"}, allow: [{callers: ["` + mesh.Web + `"]}]}
  - {name: ally, http: {methods: [GET], path: /ally}, allow: [{callers: ["` + mesh.Ally + `"]}]}
  - {name: job, http: {methods: [GET], path: /job}, allow: [{callers: [anyone], user: {provider: spiffe, subjects: "` + mesh.Web + `"}}]}
  - {name: partner-job, http: {methods: [GET], path: /partner-job}, allow: [{callers: [anyone], user: {provider: partners}}]}
`

// spiffe are the providers of users who show a JWT-SVID.
const spiffe = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: spiffe}
spec:
  jwt: {trustDomain: shop.test, audiences: [shop-api]}
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: partners}
spec:
  jwt: {trustDomain: partner.test, audiences: [shop-api]}
  from: {header: x-partner}
`

// order and ally are the requests that routes allow.
const (
	order = "GET /orders/1 HTTP/1.1\r\nhost: orders.test\r\n\r\n"
	ally  = "GET /ally HTTP/1.1\r\nhost: orders.test\r\n\r\n"
)

// A setup says what a test's trust domain is like.
type setup struct {
	server    spire.Config
	before    func(*spire.Server) // is done to the server before anything is registered
	workloads []string            // what Postern's process is registered as; nil: orders
	federates []string            // trust domains that every workload federates with
	args      []string            // of Postern
	elsewhere bool                // callers have an agent of their own
}

// A sidecar is a Postern that SPIRE tells everything, and the Envoy beside it. Its agent knows
// two processes: Postern is orders, and the test itself is web, and orders for Envoy.
type sidecar struct {
	*mesh.Mesh
	server  *spire.Server
	agent   *spire.Agent
	clients *spire.Agent // of the callers
	watch   *spire.Watch // as the test's own process
	entries []string     // of Postern's process
	binary  string       // Postern's, under a path of its own
}

// start runs all of it. Which certificates may connect is left to Postern: Envoy lets every one
// pass, and none, so that nothing hides a wrong allow.
func start(t *testing.T, s setup) *sidecar {
	t.Helper()
	envoy.Require(t)
	s.server.TrustDomain = "shop.test"
	c := &sidecar{server: spire.StartServer(t, s.server), binary: ownPath(t)}
	if s.before != nil {
		s.before(c.server)
	}
	c.agent = c.server.Agent(t)
	c.register(t, s)
	c.agent.Start()
	c.clients = c.agent
	if s.elsewhere {
		c.clients = c.server.Agent(t)
		c.clients.Register(callers(t, s)...)
		c.clients.Start()
	}
	c.watch = spire.NewWatch(t, c.clients)
	c.run(t, s)
	return c
}

func (c *sidecar) register(t *testing.T, s setup) {
	t.Helper()
	if s.workloads == nil {
		s.workloads = []string{mesh.Orders}
	}
	for _, id := range s.workloads {
		c.entries = append(c.entries, c.agent.Register(spire.Entry{ID: id, Path: c.binary, FederatesWith: s.federates})...)
	}
	if !s.elsewhere {
		c.agent.Register(callers(t, s)...)
	}
}

// callers are the entries of the test's own process.
func callers(t *testing.T, s setup) []spire.Entry {
	self := spire.Self(t)
	return []spire.Entry{
		{ID: mesh.Web, Path: self, FederatesWith: s.federates},
		{ID: mesh.Orders, Path: self, FederatesWith: s.federates},
	}
}

// run starts Postern, and Envoy with the certificate of orders as it is now. JWT bundles come by a
// stream of their own, which readiness does not wait for.
func (c *sidecar) run(t *testing.T, s setup) {
	t.Helper()
	c.Mesh = &mesh.Mesh{World: &mesh.World{Dir: postern.Dir(t)}, Upstream: upstream.Start(t), Policies: t.TempDir()}
	c.Write(t, "orders.yaml", mesh.Policy(routes))
	c.Write(t, "spiffe.yaml", spiffe)
	c.Postern = postern.Start(t, postern.Options{Binary: c.binary, Policies: c.Policies,
		Args: append([]string{"--workload-api", c.agent.Address()}, s.args...)})
	first := c.watch.Await("web and orders", 0, func(u spire.Update) bool {
		return u.SVID(mesh.Web) != nil && u.SVID(mesh.Orders) != nil
	})
	c.write(t, first.SVID(mesh.Orders))
	gate := mesh.Gate{Authz: c.Postern.Socket, Upstream: c.Upstream.Port(), Files: c.Dir, Untrusted: true, Optional: true}
	c.Envoy = envoy.Start(t, gate.Config(t), envoy.Options{})
	c.Addr = c.Envoy.Addr("inbound")
	eventually(t, "the JWT bundle of shop.test", patience, func() bool {
		return strings.Contains(c.Postern.Log(), `"msg":"JWT bundle","trust_domain":"shop.test"`)
	})
}

// write keeps an SVID in the files that Envoy is configured with.
func (c *sidecar) write(t *testing.T, s *x509svid.SVID) {
	t.Helper()
	chain, key, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"orders.pem": chain, "orders.key": key, "all.pem": chain} {
		if err := os.WriteFile(c.File(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// ownPath links Postern's binary to a path of the test's own, by which SPIRE tells it from
// everything else, and which no other build replaces under a running process.
func ownPath(t *testing.T) string {
	t.Helper()
	binary := postern.Binary(t)
	dir, err := os.MkdirTemp(filepath.Dir(binary), "spire-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "postern")
	if err := os.Link(binary, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// ask sends one request over a connection of its own, without a certificate when s is nil, and
// returns the status and the reason of a refusal.
func (c *sidecar) ask(s *x509svid.SVID, request string) (int, string, error) {
	config := mesh.Anonymous()
	if s != nil {
		config = spire.TLS(s)
	}
	client, err := raw.DialHTTP1(c.Addr, config)
	if err != nil {
		return 0, "", err
	}
	defer client.Close()
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	var body struct{ Reason string }
	_ = json.Unmarshal(answer.Body, &body) // the upstream's answer is none
	return answer.Status, body.Reason, nil
}

// want fails the test unless the answer is as told; reason is "" for an allow.
func (c *sidecar) want(t *testing.T, what string, s *x509svid.SVID, request string, status int, reason string) {
	t.Helper()
	got, why, err := c.ask(s, request)
	if err != nil || got != status || why != reason {
		t.Errorf("%s: got %d %q (%v), want %d %q", what, got, why, err, status, reason)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// awaitRoots waits until Postern, too, has so many authorities of a trust domain: its stream is not the
// test's own.
func (c *sidecar) awaitRoots(t *testing.T, domain string, want int) {
	t.Helper()
	eventually(t, fmt.Sprintf("Postern has %d roots of %s", want, domain), patience, func() bool {
		_, page, err := c.Postern.Get("/snapshot")
		var now struct {
			Bundles []struct {
				Domain string `json:"trust_domain"`
				Roots  int    `json:"authorities"`
			} `json:"trust_bundles"`
		}
		if err := errors.Join(err, json.Unmarshal([]byte(page), &now)); err != nil {
			return false
		}
		for _, b := range now.Bundles {
			if b.Domain == domain {
				return b.Roots == want
			}
		}
		return false
	})
}

// awaitKey waits until Postern, too, has a key of a JWT bundle.
func (c *sidecar) awaitKey(t *testing.T, id string) {
	t.Helper()
	eventually(t, "Postern has the key "+id, patience, func() bool {
		_, page, err := c.Postern.Get("/snapshot")
		return err == nil && strings.Contains(page, `"`+id+`"`)
	})
}

// awaitIssuer waits until web has an SVID of another issuer than that of before.
func (c *sidecar) awaitIssuer(t *testing.T, what string, before *x509svid.SVID) {
	t.Helper()
	eventually(t, what, patience, func() bool {
		return string(c.watch.SVID(mesh.Web).Certificates[0].AuthorityKeyId) != string(before.Certificates[0].AuthorityKeyId)
	})
}
