package e2e_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/dev"
	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
)

// discovered is the provider of postern-dev's issuer.
const discovered = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt: {issuer: %q, audiences: [shop-api], algorithms: [ES256], jwks: {discovery: true, ca: {file: idp-ca.pem}}}
`

// lead is for how long a new CA or key is published before its first use. That has to reach Postern and
// Envoy meanwhile, on a machine that is busy, too.
const lead = "4s"

// A sidecar is a Postern that learns everything from postern-dev, and the Envoy beside it.
type sidecar struct {
	*mesh.Mesh
	dev *dev.Dev
}

// startSidecar gives Envoy the workload's certificate as it is now. Which certificates may
// connect is left to Postern, whose bundles follow every rotation.
func startSidecar(t *testing.T) *sidecar {
	t.Helper()
	envoy.Require(t)
	d := dev.Start(t, filepath.Join(postern.Dir(t), "dev"), "--workload", mesh.Web, "--workload", mesh.Orders)
	m := &mesh.Mesh{World: &mesh.World{Dir: postern.Dir(t)}, Upstream: upstream.Start(t), Policies: t.TempDir()}
	for name, from := range map[string]string{
		"orders.pem": d.File("orders", "svid.pem"), "orders.key": d.File("orders", "key.pem"), "all.pem": d.File("orders", "bundle.pem"),
	} {
		copyFile(t, from, m.File(name))
	}
	copyFile(t, d.CAFile, filepath.Join(m.Policies, "idp-ca.pem"))
	m.Write(t, "orders.yaml", mesh.Policy(shopRoutes))
	m.Write(t, "idp.yaml", fmt.Sprintf(discovered, d.Issuer))
	m.Postern = postern.Start(t, postern.Options{Policies: m.Policies, Args: []string{"--workload-api", "unix://" + d.File("orders", "api.sock")}})
	gate := mesh.Gate{Authz: m.Postern.Socket, Upstream: m.Upstream.Port(), Files: m.Dir, Untrusted: true}
	m.Envoy = envoy.Start(t, gate.Config(t), envoy.Options{})
	m.Addr = m.Envoy.Addr("inbound")
	return &sidecar{m, d}
}

// web is the TLS of the web workload, with the certificate that it has now.
func (s *sidecar) web() (*tls.Config, error) {
	certificate, err := s.dev.Certificate("web")
	if err != nil {
		return nil, err
	}
	c := mesh.Anonymous()
	c.Certificates = []tls.Certificate{certificate}
	return c, nil
}

// traffic asks as web, over a new connection each time.
func (s *sidecar) traffic(t *testing.T, line string) (stop func() (int, []string)) {
	t.Helper()
	ask := func() string { return s.once(line) }
	return traffic(t, 50*time.Millisecond, ask, ask)
}

// once asks one time and says what was wrong.
func (s *sidecar) once(line string) string {
	c, err := s.web()
	if err != nil {
		return err.Error()
	}
	got, err := try(s.Mesh, c, line)
	return fault(got, err)
}

// fault says what is wrong with the answer to a request that is allowed.
func fault(got *raw.Response, err error) string {
	if err != nil || got.Status != 200 {
		return fmt.Sprintf("%s, %v", brief(got), err)
	}
	return ""
}

// TestRotationCostsNothing rotates certificates and their CA under traffic of caller and person;
// none of it fails. The old root then stops working at once.
func TestRotationCostsNothing(t *testing.T) {
	t.Parallel()
	s := startSidecar(t)
	line := request("GET", "/me", "authorization: Bearer "+s.dev.Do("token", "--user", "alice", "--scope", "orders:read"))
	eventually(t, "the issuer's keys are there", func() bool { return s.once(line) == "" })
	old, err := s.web()
	if err != nil {
		t.Fatal(err)
	}
	stop := s.traffic(t, line)
	for _, rotate := range [][]string{{"svids"}, {"ca", "--lead", lead}} {
		before, err := s.web()
		if err != nil {
			t.Fatal(err)
		}
		s.dev.Do(append([]string{"rotate"}, rotate...)...)
		eventually(t, "web has another certificate", func() bool { return s.changed(before) })
	}
	time.Sleep(500 * time.Millisecond) // of traffic with the new one
	if sent, failures := stop(); len(failures) > 0 {
		t.Errorf("%d of %d failed: %v", len(failures), sent, failures)
	}
	if got := do(t, s.Mesh, old, request("GET", "/orders/1")); got.Status != 200 {
		t.Errorf("while the old root is published, its certificates hold: %d %s", got.Status, got.Body)
	}
	s.dev.Do("rotate", "ca", "--lead", "0s", "--keep", "0s")
	eventually(t, "the old root is refused", func() bool { return do(t, s.Mesh, old, request("GET", "/orders/1")).Status == 403 })
	eventually(t, "the newest is in force", func() bool { return s.once(request("GET", "/orders/1")) == "" })
}

// changed says that web has another certificate than before.
func (s *sidecar) changed(before *tls.Config) bool {
	now, err := s.web()
	return err == nil && string(now.Certificates[0].Certificate[0]) != string(before.Certificates[0].Certificate[0])
}

// TestNotReadyWithoutAnIdentity starts Postern before its Workload API: it says what is missing,
// denies, and comes to life by itself.
func TestNotReadyWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(postern.Dir(t), "dev")
	w := mesh.NewWorld(t)
	m := &mesh.Mesh{World: w, Upstream: upstream.Start(t), Policies: t.TempDir()}
	m.Write(t, "orders.yaml", mesh.Policy(openOrders))
	m.Postern = postern.Launch(t, postern.Options{Policies: m.Policies, Args: []string{"--workload-api", "unix://" + filepath.Join(dir, "orders", "api.sock")}})
	eventually(t, "it says that something is missing", func() bool {
		ready, detail := m.Postern.Ready()
		return !ready && strings.Contains(detail, "bundle")
	})
	gate := mesh.Gate{Authz: m.Postern.Socket, Upstream: m.Upstream.Port(), Files: m.Dir, Cleartext: true}
	m.Envoy = envoy.Start(t, gate.Config(t), envoy.Options{})
	m.Addr = m.Envoy.Addr("inbound")
	wantRefused(t, do(t, m, nil, request("GET", "/orders/1")), 503, "not_ready")
	dev.Start(t, dir, "--workload", mesh.Orders)
	eventually(t, "it is ready", func() bool { ready, _ := m.Postern.Ready(); return ready })
	wantRefused(t, do(t, m, nil, request("GET", "/orders/1")), 403, "caller_not_granted")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
