// Package keystest is an issuer for tests: a real HTTPS server on loopback that publishes
// keys, counts who asks for them, and misbehaves when told to.
package keystest

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
)

// Discovery is the path of an issuer's metadata: OpenID Connect Discovery 1.0 section 4.
const Discovery = "/.well-known/openid-configuration"

// An Issuer is a running server.
type Issuer struct {
	URL    string // of the issuer, without a slash at the end
	CAFile string // the certificate that it is known by
	server *httptest.Server

	mu      sync.Mutex
	keys    []byte
	answers map[string]http.HandlerFunc
	fetches []time.Time
}

// New returns an issuer that publishes keys at /jwks and says so by discovery. It ends with
// the test.
func New(t testing.TB, keys ...*mint.Key) *Issuer {
	t.Helper()
	i := &Issuer{keys: mint.JWKS(keys...), answers: map[string]http.HandlerFunc{}}
	i.server = httptest.NewUnstartedServer(http.HandlerFunc(i.serve))
	i.server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what some tests are about
	i.server.StartTLS()
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL
	i.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw})
	if err := os.WriteFile(i.CAFile, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// Publish makes these the issuer's keys.
func (i *Issuer) Publish(keys ...*mint.Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = mint.JWKS(keys...)
}

// Answer lets h answer for a path from now on; nil gives the path back.
func (i *Issuer) Answer(path string, h http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answers[path] = h
}

// Fetches returns when the keys were asked for.
func (i *Issuer) Fetches() []time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]time.Time(nil), i.fetches...)
}

// ByURL names the keys by their URL.
func (i *Issuer) ByURL() identity.KeySource {
	return identity.KeySource{URL: i.URL + "/jwks", CAFile: i.CAFile, Root: filepath.Dir(i.CAFile), Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour}
}

// ByDiscovery names the keys by the issuer.
func (i *Issuer) ByDiscovery() identity.KeySource {
	return identity.KeySource{Discovery: true, CAFile: i.CAFile, Root: filepath.Dir(i.CAFile), Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour}
}

func (i *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	if r.URL.Path == "/jwks" {
		i.fetches = append(i.fetches, time.Now())
	}
	answer, keys := i.answers[r.URL.Path], i.keys
	i.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case r.URL.Path == Discovery:
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/jwks"})
	case r.URL.Path == "/jwks":
		_, _ = w.Write(keys)
	default:
		http.NotFound(w, r)
	}
}

// Until waits until done holds, and fails the test when it takes longer than anyone would wait.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}
