package e2e_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/e2e/dev"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestEnvoyNeedsNoFiles starts Envoy before everything else. It serves once there is an SVID; then
// certificates and their CA rotate, and one Postern succeeds another, under open connections and
// steady load, none of which fails.
func TestEnvoyNeedsNoFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(postern.Dir(t), "dev")
	p := startSecretPod(t, filepath.Join(dir, "orders", "api.sock"))
	p.Postern = postern.Launch(t, p.options)
	eventually(t, "Envoy waits for two secrets", func() bool { return p.metric("postern_sds_streams") == "2" })
	if ready, detail := p.Postern.Ready(); ready || !strings.Contains(detail, "sds") || len(p.ready) != 0 {
		t.Fatalf("there is no SVID, and Envoy is ready (%d) or Postern is: %s", len(p.ready), detail)
	}
	s := &sidecar{p.Mesh, dev.Start(t, dir, "--workload", mesh.Web, "--workload", mesh.Orders)}
	began := time.Now()
	p.open()
	line := request("GET", "/orders/1")
	eventually(t, "requests are allowed", func() bool { return s.once(line) == "" })
	t.Logf("from the first SVID to an allowed request: %v", time.Since(began))

	kept := p.keep(s, 4)
	stop := s.traffic(t, line)
	for _, rotate := range [][]string{{"svids"}, {"ca", "--lead", lead}} {
		p.rotates(s, rotate...)
	}
	p.succeed()
	p.rotates(s, "svids")
	sent, failures := stop()
	if len(failures) > 0 {
		t.Errorf("%d of %d failed: %v", len(failures), sent, failures)
	}
	t.Logf("%d requests over new connections, %d failed; %d connections were kept open", sent, len(failures), len(kept))
	for _, c := range kept {
		if got, err := c.Do(line); err != nil || got.Status != 200 {
			t.Errorf("a connection that was kept open: %s, %v", brief(got), err)
		}
	}
	if n := p.metric("postern_sds_refused_total"); n != "0" {
		t.Errorf("Envoy refused %s versions", n)
	}
	p.wantSound(check.Options{})
	p.wantNoKey(s)
}

// TestAFederatedDomainComesAndGoes, inwards and outwards: Envoy starts without it, takes it up when
// it is there, and refuses it within a second once it is dropped, also while no Postern runs.
func TestAFederatedDomainComesAndGoes(t *testing.T) {
	t.Parallel()
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	ally := minttest.SVID(t, partner, mesh.Ally)
	a := startSVIDAgent(t)
	a.say(t, minttest.SVID(t, shop, mesh.Orders), shop)
	p := startSecretPod(t, a.path, "--upstream", fmt.Sprintf("ally=127.0.0.1:0,%s,%s", allyServer(t, ally), mesh.Ally))
	p.Postern = postern.Start(t, p.options)
	p.open()
	inwards := func() bool {
		got, err := try(p.Mesh, mesh.With(ally), request("GET", "/ally"))
		return err == nil && got.Status == 200
	}
	outwards := func() bool {
		resp, err := http.Get("http://" + p.outside["to-ally"] + "/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusTeapot
	}
	if inwards() || outwards() {
		t.Fatal("it is not federated, and gets through")
	}
	came, gone := func() bool { return inwards() && outwards() }, func() bool { return !inwards() && !outwards() }
	own := minttest.SVID(t, shop, mesh.Orders)
	pace := mesh.NewPace(t)
	for range pace.Tries(2) {
		a.say(t, own, shop, partner)
		eventually(t, "it is let in and out", came)
		a.say(t, own, shop)
		within(t, pace, "it is refused in both directions", gone)
		if _, err := try(p.Mesh, mesh.With(ally), request("GET", "/ally")); err == nil {
			t.Error("Envoy itself lets it in")
		}
	}
	a.say(t, own, shop, partner)
	eventually(t, "it is let in and out", came)
	if err := p.Postern.Stop(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.served() == nil || !outwards() {
		t.Error("without Postern, Envoy has lost what it had")
	}
	a.say(t, own, shop)
	p.Postern = postern.Start(t, p.options)
	eventually(t, "what was dropped meanwhile is refused", gone)
}

// allyServer answers 418 over TLS with the SVID, over a connection for each request.
func allyServer(t *testing.T, svid *mint.SVID) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{svid.TLSCertificate()}, MinVersion: tls.VersionTLS13}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.SetKeepAlivesEnabled(false)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// TestSecretsForOptionalClients: who has no certificate comes in as nobody, a bad one does not get
// in, and a federated one does from the moment its domain is there.
func TestSecretsForOptionalClients(t *testing.T) {
	t.Parallel()
	shop, partner, stranger := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test"), minttest.CA(t, "shop.test")
	a := startSVIDAgent(t)
	own := minttest.SVID(t, shop, mesh.Orders)
	a.say(t, own, shop)
	p := startSecretPod(t, a.path, "--client-certificates", "optional")
	p.Postern = postern.Start(t, p.options)
	p.open()
	for who, tc := range map[string]struct {
		c    *tls.Config
		path string
		want int // 0: no handshake
	}{
		"nobody":         {mesh.Anonymous(), "/public/a", 200},
		"nobody's order": {mesh.Anonymous(), "/orders/1", 403},
		"web":            {mesh.With(minttest.SVID(t, shop, mesh.Web)), "/orders/1", 200},
		"a stranger":     {mesh.With(minttest.SVID(t, stranger, mesh.Web)), "/public/a", 0},
		"the ally":       {mesh.With(minttest.SVID(t, partner, mesh.Ally)), "/ally", 0},
	} {
		got, err := try(p.Mesh, tc.c, request("GET", tc.path))
		if tc.want == 0 && err == nil || tc.want != 0 && (err != nil || got.Status != tc.want) {
			t.Errorf("%s: %s, %v; want %d", who, brief(got), err, tc.want)
		}
	}
	p.wantSound(check.Options{OptionalClients: true})
	a.say(t, own, shop, partner)
	ally := mesh.With(minttest.SVID(t, partner, mesh.Ally))
	eventually(t, "the ally gets in", func() bool {
		got, err := try(p.Mesh, ally, request("GET", "/ally"))
		return err == nil && got.Status == 200
	})
}

// TestHowSoonEnvoyHasIt measures the way from the Workload API to a handshake.
func TestHowSoonEnvoyHasIt(t *testing.T) {
	t.Parallel()
	shop := minttest.CA(t, "shop.test")
	a := startSVIDAgent(t)
	a.say(t, minttest.SVID(t, shop, mesh.Orders), shop)
	p := startSecretPod(t, a.path)
	p.Postern = postern.Start(t, p.options)
	p.open()
	var took []time.Duration
	pace := mesh.NewPace(t)
	for range 10 {
		next := minttest.SVID(t, shop, mesh.Orders)
		began := time.Now()
		a.say(t, next, shop)
		within(t, pace, "Envoy shows the next certificate", func() bool { return bytes.Equal(p.served(), next.Leaf().Raw) })
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("from the Workload API to a handshake: median %v, at most %v", took[len(took)/2], took[len(took)-1])
}
