package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/upstream"
)

// callerRoutes need no provider.
const callerRoutes = `
  - {name: public, http: {methods: [GET], path: "/public/{rest...}"}, allow: [{callers: [anyone]}]}
  - {name: order, http: {methods: [GET], path: "/orders/{id}"}, allow: [{callers: ["` + mesh.Web + `"]}]}
  - {name: ally, http: {methods: [GET], path: /ally}, allow: [{callers: ["` + mesh.Ally + `"]}]}
`

// A secretPod is an Envoy that was printed by "postern envoy --sds" and a Postern that hands it
// what the Workload API has. Neither waits for the other.
type secretPod struct {
	*mesh.Mesh
	t       *testing.T
	outside map[string]string // where each listener is
	envoy   *envoy.Envoy
	options postern.Options
	ready   chan *envoy.Envoy // once it is
}

// startSecretPod starts Envoy, with more flags of "postern envoy", and no Postern.
func startSecretPod(t *testing.T, api string, flags ...string) *secretPod {
	t.Helper()
	envoy.Require(t)
	dir := postern.Dir(t)
	m := &mesh.Mesh{World: &mesh.World{Dir: dir}, Upstream: upstream.Start(t), Policies: t.TempDir()}
	m.Write(t, "orders.yaml", mesh.Policy(callerRoutes))
	p := &secretPod{Mesh: m, t: t, ready: make(chan *envoy.Envoy, 1), options: postern.Options{
		Socket: m.File("authz.sock"), Policies: m.Policies,
		Args: []string{"--workload-api", "unix://" + api, "--sds", "unix://" + m.File("sds.sock")},
	}}
	config := p.print(append([]string{"--app", fmt.Sprintf("127.0.0.1:%d", m.Upstream.Port())}, flags...)...)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e, err := envoy.Run(ctx, config, envoy.Options{Ready: 2 * time.Minute})
		if err == nil {
			p.ready <- e
			<-ctx.Done()
			if t.Failed() {
				t.Logf("envoy said:\n%s", e.Log())
			}
			e.Close()
		} else if ctx.Err() == nil {
			t.Errorf("envoy: %v", err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	return p
}

// print returns what "postern envoy --sds" prints.
func (p *secretPod) print(flags ...string) string {
	p.t.Helper()
	c := exec.Command(postern.Binary(p.t), append([]string{"envoy", "--workload", mesh.Orders, "--listen", "127.0.0.1:0",
		"--authz", "unix://" + p.File("authz.sock"), "--sds", "unix://" + p.File("sds.sock")}, flags...)...)
	var faults bytes.Buffer
	c.Stderr = &faults
	config, err := c.Output()
	if err != nil {
		p.t.Fatalf("postern envoy: %v\n%s", err, &faults)
	}
	return string(config)
}

// open waits until Envoy is ready.
func (p *secretPod) open() {
	p.t.Helper()
	select {
	case p.envoy = <-p.ready:
		var err error
		if p.outside, err = p.envoy.Listeners(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
		p.Addr = p.outside["inbound"]
	case <-time.After(2 * time.Minute):
		p.t.Fatal("Envoy is not ready")
	}
}

// metric returns a metric of Postern's without labels.
func (p *secretPod) metric(name string) string {
	_, page, err := p.Postern.Get("/metrics")
	if err != nil {
		return err.Error()
	}
	_, value, _ := strings.Cut(page, "\n"+name+" ")
	value, _, _ = strings.Cut(value, "\n")
	return value
}

// served returns the certificate that Envoy shows to a new client.
func (p *secretPod) served() []byte {
	dialer := &tls.Dialer{Config: mesh.Anonymous(), NetDialer: &net.Dialer{Timeout: time.Minute}}
	conn, err := dialer.DialContext(p.t.Context(), "tcp", p.Addr)
	if err != nil {
		return nil
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw
}

// succeed lets another Postern take both sockets over.
func (p *secretPod) succeed() {
	p.t.Helper()
	before := p.Postern
	p.Postern = postern.Start(p.t, p.options)
	if err := before.Stop(time.Minute); err != nil {
		p.t.Fatal(err)
	}
}

// wantSound checks what Envoy made of what was printed and handed out.
func (p *secretPod) wantSound(o check.Options) {
	p.t.Helper()
	dump, err := p.envoy.Admin(p.t.Context(), http.MethodGet, "/config_dump")
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := check.Read("config_dump", []byte(dump))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range check.Run(c, o) {
		p.t.Errorf("%s", f)
	}
}

// wantNoKey looks for the key of orders in all that Postern says.
func (p *secretPod) wantNoKey(s *sidecar) {
	p.t.Helper()
	key, err := os.ReadFile(s.dev.File("orders", "key.pem"))
	if err != nil {
		p.t.Fatal(err)
	}
	said := p.Postern.Log() + p.Postern.Output()
	for _, page := range []string{"/snapshot", "/metrics", "/readyz"} {
		_, body, err := p.Postern.Get(page)
		if err != nil {
			p.t.Fatal(err)
		}
		said += body
	}
	for _, line := range strings.Split(strings.TrimSpace(string(key)), "\n")[:3] {
		if strings.Contains(said, line) {
			p.t.Errorf("Postern says %.12s…, which is of the private key", line)
		}
	}
}

// keep opens connections as web, and uses each once.
func (p *secretPod) keep(s *sidecar, n int) []*raw.HTTP1 {
	p.t.Helper()
	c, err := s.web()
	if err != nil {
		p.t.Fatal(err)
	}
	var kept []*raw.HTTP1
	for range n {
		client := p.HTTP1(p.t, c)
		if got, err := client.Do(request("GET", "/orders/1")); err != nil || got.Status != 200 {
			p.t.Fatalf("%s, %v", brief(got), err)
		}
		kept = append(kept, client)
	}
	return kept
}

// rotates lets postern-dev rotate, and waits until Envoy shows what orders has then.
func (p *secretPod) rotates(s *sidecar, what ...string) {
	p.t.Helper()
	before := p.served()
	s.dev.Do(append([]string{"rotate"}, what...)...)
	eventually(p.t, "Envoy shows what orders has now", func() bool {
		now, err := s.dev.Certificate("orders")
		shown := p.served()
		return err == nil && !bytes.Equal(shown, before) && bytes.Equal(shown, now.Certificate[0])
	})
}
