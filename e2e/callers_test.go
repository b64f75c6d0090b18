package e2e_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A disguise is a certificate that is not an X.509-SVID of the caller that rules name, though
// Envoy in one of its modes says that it is, or lets it in.
type disguise struct {
	name string
	svid func(t *testing.T, w *mesh.World) *mint.SVID
}

func disguises() []disguise {
	of := func(name, id string, options ...mint.Option) disguise {
		return disguise{name, func(t *testing.T, w *mesh.World) *mint.SVID {
			return minttest.SVID(t, w.Shop, id, options...)
		}}
	}
	edit := func(name string, change func(*x509.Certificate)) disguise {
		return of(name, mesh.Web, mint.With(change))
	}
	plain := func(name string, change func(*x509.Certificate)) disguise { return of(name, "", mint.With(change)) }
	return []disguise{
		of("two SPIFFE IDs", mesh.Web, mint.RawURIs(mesh.Web, mesh.Batch)),
		of("two SPIFFE IDs, the partner's first", mesh.Web, mint.RawURIs(mesh.Ally, mesh.Web)),
		of("the same SPIFFE ID twice", mesh.Web, mint.RawURIs(mesh.Web, mesh.Web)),
		of("another URI first", mesh.Web, mint.RawURIs("https://shop.test/", mesh.Web)),
		of("another URI second", mesh.Web, mint.RawURIs(mesh.Web, "https://shop.test/")),
		plain("a DNS name that says it is a SPIFFE ID", func(c *x509.Certificate) { c.DNSNames = []string{mesh.Web} }),
		plain("a subject that says it is a SPIFFE ID", func(c *x509.Certificate) { c.Subject.CommonName = mesh.Web }),
		plain("a DNS name", func(c *x509.Certificate) { c.DNSNames = []string{"web.shop.test"} }),
		plain("an e-mail address", func(c *x509.Certificate) { c.EmailAddresses = []string{"web@shop.test"} }),
		plain("an IP address", func(c *x509.Certificate) { c.IPAddresses = []net.IP{{127, 0, 0, 1}} }),
		plain("no name at all", func(*x509.Certificate) {}),
		of("a trust domain alone", "spiffe://shop.test"),
		of("a trust domain and a slash", "spiffe://shop.test/"),
		of("a trust domain in capitals", "spiffe://SHOP.test/ns/shop/sa/web"),
		of("a scheme in capitals", "SPIFFE://shop.test/ns/shop/sa/web"),
		of("a port", "spiffe://shop.test:443/ns/shop/sa/web"),
		of("a user", "spiffe://x@shop.test/ns/shop/sa/web"),
		of("a query", mesh.Web+"?x"),
		of("a fragment", mesh.Web+"#x"),
		of("a dot segment", "spiffe://shop.test/ns/shop/sa/batch/../web"),
		of("an empty segment", "spiffe://shop.test/ns/shop//sa/web"),
		of("a trailing slash", mesh.Web+"/"),
		of("an escape", "spiffe://shop.test/ns/shop/sa/%77eb"),
		of("a NUL", mesh.Web+"\x00.evil"),
		of("a byte that is not UTF-8", mesh.Web+"\xff"),
		of("an element for XFCC", "spiffe://shop.test/a;URI="+mesh.Web),
		of("several elements for XFCC", "spiffe://shop.test/a,By=x;Hash=0;URI="+mesh.Web),
		edit("a CA", func(c *x509.Certificate) { c.IsCA = true }),
		edit("may sign certificates", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }),
		edit("may sign revocation lists", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCRLSign }),
		edit("may not sign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
		edit("not for clients", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
		edit("expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }),
		edit("not valid yet", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
		of("our CA, the partner's name", mesh.Ally),
		of("our CA, a stranger's name", "spiffe://evil.test/x"),
		{"the partner's CA, our name", func(t *testing.T, w *mesh.World) *mint.SVID { return minttest.SVID(t, w.Partner, mesh.Web) }},
		{"a CA that says it is ours", func(t *testing.T, w *mesh.World) *mint.SVID { return minttest.SVID(t, w.Stranger, mesh.Web) }},
		{"a trust domain nobody knows", func(t *testing.T, _ *mesh.World) *mint.SVID {
			return minttest.SVID(t, minttest.CA(t, "evil.test"), "spiffe://evil.test/ns/shop/sa/web")
		}},
		{"a CA under a leaf", func(t *testing.T, w *mesh.World) *mint.SVID { return underALeaf(t, w) }},
	}
}

// underALeaf is issued by a workload that plays CA with its own SVID.
func underALeaf(t *testing.T, w *mesh.World) *mint.SVID {
	t.Helper()
	pretender := minttest.Intermediate(t, w.Shop, mint.With(func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
		u, err := url.Parse(mesh.Batch)
		if err != nil {
			t.Fatal(err)
		}
		c.URIs = []*url.URL{u}
	}))
	return minttest.SVID(t, pretender, mesh.Web)
}

// TestADisguiseIsRefusedOnEveryRoute shows each certificate to an Envoy that lets any through and
// to one that is as it should be. Whatever gets past Envoy is refused, on routes for anyone too.
func TestADisguiseIsRefusedOnEveryRoute(t *testing.T) {
	t.Parallel()
	for name, gate := range map[string]mesh.Gate{
		"Envoy lets any certificate through": {Untrusted: true},
		"Envoy verifies":                     {},
		"Envoy verifies, joined headers":     {Joined: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{Gate: gate})
			judged := 0
			for _, d := range disguises() {
				c := mesh.With(d.svid(t, m.World))
				for _, target := range []string{"/orders/1", "/public/x"} {
					got, err := try(m, c, request("GET", target, marked(d.name)))
					if err != nil {
						continue // the handshake was refused
					}
					judged++
					body, err := refused(got)
					if err != nil || got.Status != 403 || !strings.HasPrefix(body.Reason, "certificate_") && body.Reason != "trust_domain_unknown" {
						t.Errorf("%s, %s: %d %s, %v", d.name, target, got.Status, got.Body, err)
					}
				}
				if n := len(m.Upstream.Find(d.name)); n != 0 {
					t.Errorf("%s: %d got in", d.name, n)
				}
			}
			if judged < 40 && gate.Untrusted || judged < 10 {
				t.Errorf("Postern was asked about %d requests only", judged)
			}
		})
	}
}

// TestCallersThatAreWhoTheySay holds that the strictness above lets in whom it should.
func TestCallersThatAreWhoTheySay(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	unrelated := minttest.SVID(t, m.Shop, mesh.Web)
	unrelated.Certificates = append(unrelated.Certificates, m.Stranger.Certificate(), m.Partner.Certificate())
	second := minttest.Intermediate(t, minttest.Intermediate(t, m.Shop), mint.With(func(c *x509.Certificate) { c.Subject.CommonName = "second" }))
	for name, tc := range map[string]struct {
		svid   *mint.SVID
		target string
		caller string
	}{
		"our own":                       {minttest.SVID(t, m.Shop, mesh.Web), "/orders/1", mesh.Web},
		"with an RSA key":               {minttest.SVID(t, m.Shop, mesh.Web, mint.RSA()), "/orders/1", mesh.Web},
		"under two intermediates":       {minttest.SVID(t, second, mesh.Web), "/orders/1", mesh.Web},
		"with unrelated certificates":   {unrelated, "/orders/1", mesh.Web},
		"with DNS names beside the URI": {minttest.SVID(t, m.Shop, mesh.Web, mint.With(func(c *x509.Certificate) { c.DNSNames = []string{"web.shop.test"} })), "/orders/1", mesh.Web},
		"of the federated trust domain": {minttest.SVID(t, m.Partner, mesh.Ally), "/ally", mesh.Ally},
	} {
		t.Run(name, func(t *testing.T) {
			got := do(t, m, mesh.With(tc.svid), request("GET", tc.target, marked(name)))
			if got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if caller := wantReached(t, m, name).Get("x-postern-caller"); fmt.Sprint(caller) != fmt.Sprint([]string{tc.caller}) {
				t.Errorf("the upstream was told %q", caller)
			}
		})
	}
	wantRefused(t, do(t, m, m.As(mesh.Batch), request("GET", "/orders/1")), 403, "caller_not_granted")
}

// TestXFCCFromAClientProvesNothing sends a forged x-forwarded-client-cert through every mode that
// Envoy has for it. Some pass it on as it came; intermediates from it are material and no proof.
func TestXFCCFromAClientProvesNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"SANITIZE", "SANITIZE_SET", "APPEND_FORWARD", "FORWARD_ONLY", "ALWAYS_FORWARD_ONLY"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			m := shop(t, mesh.Setup{Gate: mesh.Gate{XFCC: mode, Optional: true}})
			web := minttest.SVID(t, m.Shop, mesh.Web)
			forged := "x-forwarded-client-cert: " + mint.EnvoyXFCC(mesh.Orders, web.Leaf()) + ";URI=" + mesh.Web
			for name, c := range map[string]*mint.SVID{"nobody": nil, "batch": minttest.SVID(t, m.Shop, mesh.Batch)} {
				as := mesh.Anonymous()
				if c != nil {
					as = mesh.With(c)
				}
				got := do(t, m, as, request("GET", "/orders/1", forged, marked(name)))
				if got.Status < 400 || len(m.Upstream.Find(name)) != 0 {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
			}
		})
	}
}
