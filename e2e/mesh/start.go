package mesh

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/e2e/tap"
	"github.com/postern/postern/e2e/upstream"
	"github.com/postern/postern/identity/mint"
)

// A Setup says what to run together. The zero Setup protects Orders with no policy at all.
type Setup struct {
	World    *World            // nil: a new one
	Policies map[string]string // file name to document
	Gate     Gate              // the sockets, ports and files are filled in
	Tap      bool              // keep every check
	Postern  postern.Options   // the workload, policies and bundles are filled in where left out
}

// A Mesh is a client's way through Envoy, asked Postern, to an upstream.
type Mesh struct {
	*World
	Postern  *postern.Postern
	Envoy    *envoy.Running
	Upstream *upstream.Server
	Tap      *tap.Tap // nil unless asked for
	Policies string   // the directory
	Addr     string   // of the listener
}

// Start runs everything until the test ends.
func Start(t testing.TB, s Setup) *Mesh {
	t.Helper()
	envoy.Require(t)
	if s.World == nil {
		s.World = NewWorld(t)
	}
	m := &Mesh{World: s.World, Upstream: upstream.Start(t), Policies: t.TempDir()}
	for name, text := range s.Policies {
		if strings.Contains(text, Keys) {
			m.Write(t, Keys, string(mint.JWKS(m.Issuer)))
		}
		m.Write(t, name, text)
	}
	m.Postern = postern.Start(t, m.Options(s.Postern))
	s.Gate.Authz, s.Gate.Files = m.Postern.Socket, m.Dir
	if s.Tap {
		m.Tap = tap.Start(t, postern.Dir(t), m.Postern.Socket)
		s.Gate.Authz = m.Tap.Socket
	}
	if s.Gate.Upstream == 0 {
		s.Gate.Upstream = m.Upstream.Port()
	}
	m.Envoy = envoy.Start(t, s.Gate.Config(t), envoy.Options{})
	m.Addr = m.Envoy.Addr("inbound")
	return m
}

// Options fills in what a Postern of this mesh needs.
func (m *Mesh) Options(o postern.Options) postern.Options {
	if o.Workload == "" {
		o.Workload = Orders
	}
	if o.Policies == "" {
		o.Policies = m.Policies
	}
	if o.Bundles == nil {
		o.Bundles = m.Bundles()
	}
	return o
}

// Write puts a policy file in place, whole at once.
func (m *Mesh) Write(t testing.TB, name, text string) {
	t.Helper()
	fresh := filepath.Join(m.Policies, "."+name)
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, filepath.Join(m.Policies, name)); err != nil {
		t.Fatal(err)
	}
}

// HTTP1 connects a raw client that ends with the test.
func (m *Mesh) HTTP1(t testing.TB, c *tls.Config) *raw.HTTP1 {
	t.Helper()
	client, err := raw.DialHTTP1(m.Addr, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// HTTP2 connects a raw client that ends with the test.
func (m *Mesh) HTTP2(t testing.TB, c *tls.Config) *raw.HTTP2 {
	t.Helper()
	client, err := raw.DialHTTP2(m.Addr, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
