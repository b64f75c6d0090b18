package oidcprovider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/e2e/cache"
	"github.com/postern/postern/e2e/idp"
	"github.com/postern/postern/e2e/process"
	"github.com/postern/postern/identity/mint"
)

// A Setup says what to run.
type Setup struct {
	Authority *idp.Authority
	ClientCA  string           // PEM of those whose certificates authenticate clients
	Keys      []*mint.Key      // what it signs with
	Clients   []map[string]any // the metadata of each: RFC 7591 section 2
	Port      int              // 0: a free one
}

// A Provider is a running one that belongs to a test.
type Provider struct {
	*process.Process
	idp.Server
	Port  int
	setup Setup
	t     testing.TB
}

// Start runs the provider until the test ends, and returns when it is ready. Where there is none
// the test is skipped, and fails with CI=true.
func Start(t testing.TB, s Setup) *Provider {
	t.Helper()
	path, err := node()
	if err != nil {
		cache.Lack(t, err)
	}
	dir, ok, err := cache.Installed(folder)
	if err != nil || !ok {
		cache.Lack(t, ErrNotFound)
	}
	if s.Port == 0 {
		s.Port = idp.FreePort(t)
	}
	p := &Provider{Port: s.Port, setup: s, t: t}
	issuer := fmt.Sprintf("https://127.0.0.1:%d", s.Port)
	// The script is beside its node_modules, where node looks for them, and the setup is not.
	script := filepath.Join(t.TempDir(), "server.mjs")
	if err := os.WriteFile(script, server, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "node_modules"), filepath.Join(filepath.Dir(script), "node_modules")); err != nil {
		t.Fatal(err)
	}
	p.Process, err = process.Start(process.Spec{
		Name: "oidc-provider", Path: path, Args: []string{"--no-warnings", script, p.file(issuer)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	p.Server = idp.Await(t, p.Process, s.Authority, issuer, 2*time.Minute)
	return p
}

// file writes the setup as the script wants it.
func (p *Provider) file(issuer string) string {
	p.t.Helper()
	keys := make([]map[string]any, len(p.setup.Keys))
	for i, k := range p.setup.Keys {
		pem, err := idp.PrivatePEM(k.Private())
		if err != nil {
			p.t.Fatal(err)
		}
		keys[i] = map[string]any{"kid": k.ID(), "alg": k.Algorithm(), "pem": string(pem)}
	}
	text, err := json.Marshal(map[string]any{
		"port": p.Port, "issuer": issuer, "keys": keys, "clients": p.setup.Clients, "clientCA": p.setup.ClientCA,
		"key": p.setup.Authority.KeyFile, "certificate": p.setup.Authority.CertFile,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	file := filepath.Join(p.t.TempDir(), "setup.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return file
}

func (p *Provider) close() {
	p.Kill()
	if p.t.Failed() {
		p.t.Logf("oidc-provider said:\n%s", p.Log())
	}
}

// Client returns the client of that name, which authenticates with its secret.
func (p *Provider) Client(id, secret string) idp.Client {
	return idp.Client{ID: id, Secret: secret, TLS: p.setup.Authority.TLS(nil), Server: p.Server}
}

// Restart ends the provider and runs it again with other keys, at the same address.
func (p *Provider) Restart(keys ...*mint.Key) *Provider {
	p.t.Helper()
	p.Kill()
	s := p.setup
	s.Keys, s.Port = keys, p.Port
	return Start(p.t, s)
}
