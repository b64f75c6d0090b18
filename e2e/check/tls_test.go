package check_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// letIn says that a client got as far as the authorizer.
func letIn(c func(t *testing.T, g *gate) *tls.Config) func(*testing.T, *gate) bool {
	return func(t *testing.T, g *gate) bool { return len(g.get(t, c(t, g), "/").checks) > 0 }
}

func nobody(*testing.T, *gate) *tls.Config { return mesh.Anonymous() }

func stranger(t *testing.T, g *gate) *tls.Config {
	return mesh.With(minttest.SVID(t, g.Stranger, mesh.Web))
}

func expired(t *testing.T, g *gate) *tls.Config {
	hourAgo := time.Now().Add(-time.Hour)
	return g.As(mesh.Web, mint.With(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = hourAgo.Add(-time.Hour), hourAgo }))
}

func old(_ *testing.T, g *gate) *tls.Config {
	c := g.As(mesh.Web)
	c.MaxVersion = tls.VersionTLS12
	return c
}

func tlsAttacks(p *place) []attack {
	single := []string{Common + "/validation_context", ""}
	keys := ""
	if p.World != nil {
		single[1] = "{trusted_ca: {filename: " + p.File("shop.pem") + "}}"
		keys = filepath.Join(p.Dir, "keys.log")
	}
	return []attack{
		{"tls-missing", "a caller speaks in clear", nil,
			[]string{Chain + "/transport_socket", ""},
			func(t *testing.T, g *gate) bool { return len(g.get(t, nil, "/").checks) > 0 }},
		{"tls-trusts-nobody", "a caller without a certificate comes in", nil,
			[]string{Common + "/validation_context", "{}"}, letIn(nobody)},
		{"tls-trusts-nobody", "a caller whose own CA signed comes in", nil,
			[]string{Common + "/validation_context", ""}, letIn(stranger)},
		{"tls-accepts-untrusted", "a caller whose own CA signed is taken for web", single,
			[]string{Common + "/validation_context/trust_chain_verification", "ACCEPT_UNTRUSTED"},
			func(t *testing.T, g *gate) bool { return g.get(t, stranger(t, g), "/").let() }},
		{"tls-accepts-expired", "a certificate that expired an hour ago works", nil,
			[]string{Common + "/validation_context/allow_expired_certificate", "true"},
			func(t *testing.T, g *gate) bool { return g.get(t, expired(t, g), "/").let() }},
		{"tls-certificate-optional", "a caller without a certificate reaches the authorizer", single,
			[]string{TLS + "/require_client_certificate", "false"}, letIn(nobody)},
		{"tls-old-version", "TLS 1.2 shows the certificate on the wire", nil,
			[]string{Common + "/tls_params/tls_minimum_protocol_version", "TLSv1_2"}, letIn(old)},
		{"tls-resumption", "a resumed session outlives the certificate", nil,
			[]string{TLS + "/disable_stateless_session_resumption", "false"}, resumesAfterExpiry},
		{"tls-key-log", "the keys of every connection are in a file", nil,
			[]string{Common + "/key_log", "{path: '" + keys + "'}"}, func(t *testing.T, g *gate) bool {
				if !g.get(t, g.web(), "/").let() {
					t.Fatal("the request did not get through")
				}
				text, err := os.ReadFile(keys)
				return err == nil && strings.Contains(string(text), "TRAFFIC_SECRET")
			}},
	}
}

// resumesAfterExpiry comes with a certificate that lives for seconds, and again when it is over.
func resumesAfterExpiry(t *testing.T, g *gate) bool {
	svid := minttest.SVID(t, g.Shop, mesh.Web, mint.Lifetime(5*time.Second))
	c := mesh.With(svid)
	c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	c.ServerName = "orders.test"
	if first := g.get(t, c, "/"); !first.let() {
		t.Fatalf("the first request did not get through: %d %v", first.status, first.err)
	}
	time.Sleep(time.Until(svid.Leaf().NotAfter.Add(time.Second)))
	conn, err := raw.DialHTTP1(g.addr, c)
	if err != nil {
		return false
	}
	defer conn.Close()
	if state, _ := conn.TLS(); !state.DidResume {
		return false
	}
	return g.get(t, c, "/").let()
}
