package svid_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

func TestTrust(t *testing.T) {
	w := newWorld(t)
	other := minttest.CA(t, "shop.test", mint.Now(noon))
	partnerID := "spiffe://partner.test/ns/pay/sa/pay"
	issue := func(ca *mint.CA, id string) svid.Presented {
		return present(id, minttest.SVID(t, ca, id).Leaf())
	}
	for _, tc := range []struct {
		name string
		p    svid.Presented
		want reason.Code
	}{
		{"shop's ID by the shop", issue(w.shop, web), reason.Allowed},
		{"partner's ID by the partner", issue(w.partner, partnerID), reason.Allowed},
		{"shop's ID by the partner", issue(w.partner, web), reason.CertificateUntrusted},
		{"partner's ID by the shop", issue(w.shop, partnerID), reason.CertificateUntrusted},
		{"shop's ID by a CA of the same names", issue(other, web), reason.CertificateUntrusted},
		{"shop's ID from elsewhere", issue(w.elsewhere, web), reason.CertificateUntrusted},
		{"ID of elsewhere", issue(w.elsewhere, "spiffe://elsewhere.test/a"), reason.TrustDomainUnknown},
		{"ID of elsewhere by the shop", issue(w.shop, "spiffe://elsewhere.test/a"), reason.TrustDomainUnknown},
		{"a sub-domain by the shop", issue(w.shop, "spiffe://a.shop.test/a"), reason.TrustDomainUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := w.bundles.Verify(tc.p, noon)
			check(t, got, err, tc.p.Principal, tc.want)
		})
	}
}

func TestNobodyToTrust(t *testing.T) {
	w := newWorld(t)
	p := present(web, minttest.SVID(t, w.shop, web).Leaf())
	live := bundle(t, "shop.test", w.shop.Certificate())
	for _, tc := range []struct {
		name string
		set  *svid.Bundles
		want reason.Code
	}{
		{"nil", nil, reason.TrustDomainUnknown},
		{"zero", new(svid.Bundles), reason.TrustDomainUnknown},
		{"empty", bundles(t), reason.TrustDomainUnknown},
		{"live", bundles(t, live), reason.Allowed},
		{"stale from the next nanosecond on", bundles(t, live.Until(noon.Add(1))), reason.Allowed},
		{"stale from now on", bundles(t, live.Until(noon)), reason.BundleStale},
		{"stale for a while", bundles(t, live.Until(noon.Add(-time.Hour))), reason.BundleStale},
		{"live again", bundles(t, live.Until(noon).Until(time.Time{})), reason.Allowed},
		{"the root expired", bundles(t, bundle(t, "shop.test", expired(t, w.shop))), reason.CertificateUntrusted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.set.Verify(p, noon)
			check(t, got, err, web, tc.want)
		})
	}
}

// expired returns a certificate for the key and names of ca that expired a second before noon.
func expired(t *testing.T, ca *mint.CA) *x509.Certificate {
	t.Helper()
	key, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := mint.LoadCA("shop.test", mint.CertificatePEM(ca.Certificate()), key, mint.Now(noon))
	if err != nil {
		t.Fatal(err)
	}
	template := *ca.Certificate()
	template.NotBefore, template.NotAfter = noon.Add(-time.Hour), noon.Add(-time.Second)
	return resign(t, loaded, &template)
}

// resign makes the template into a certificate for ca's own key.
func resign(t *testing.T, ca *mint.CA, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	keyPEM, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	key := privateKey(t, keyPEM)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestIntermediate is "valid, except ...": each row is one intermediate between the shop's
// root and a sound leaf.
func TestIntermediate(t *testing.T) {
	w := newWorld(t)
	key1024, err := rsa.GenerateKey(rand.Reader, 1024) // weak on purpose
	if err != nil {
		t.Fatal(err)
	}
	uris := func(ids ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.URIs = nil
			for _, id := range ids {
				u, err := url.Parse(id)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, u)
			}
		}
	}
	untrusted := reason.CertificateUntrusted
	for _, tc := range []struct {
		name string
		edit func(*x509.Certificate)
		want reason.Code
	}{
		{"nothing", func(*x509.Certificate) {}, reason.Allowed},
		{"no ID", uris(), reason.Allowed},
		{"EKU with clientAuth", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, reason.Allowed},
		{"path length 0", func(c *x509.Certificate) { c.MaxPathLenZero = true }, reason.Allowed},
		{"names constrained to the shop", func(c *x509.Certificate) { c.PermittedURIDomains = []string{"shop.test"} }, reason.Allowed},

		{"an ID with a path", uris("spiffe://shop.test/ca"), untrusted},
		{"the ID of another domain", uris("spiffe://partner.test"), untrusted},
		{"two IDs", uris("spiffe://shop.test", "spiffe://partner.test"), untrusted},
		{"an https URI", uris("https://shop.test"), untrusted},
		{"expired", func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }, untrusted},
		{"not valid yet", func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) }, untrusted},
		{"not a CA", func(c *x509.Certificate) { c.IsCA = false }, untrusted},
		{"no basic constraints", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }, untrusted},
		{"no keyCertSign", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, untrusted},
		{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }, untrusted},
		{"uncritical key usage", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidKeyUsage, Value: []byte{3, 2, 2, 4}}}
		}, untrusted},
		{"EKU with serverAuth alone", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, untrusted},
		{"names constrained to the partner", func(c *x509.Certificate) { c.PermittedURIDomains = []string{"partner.test"} }, untrusted},
		{"names that exclude the shop", func(c *x509.Certificate) { c.ExcludedURIDomains = []string{"shop.test"} }, untrusted},
		{"unknown critical extension", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidPrivate, Critical: true, Value: []byte{5, 0}}}
		}, untrusted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			middle := minttest.Intermediate(t, w.shop, mint.With(tc.edit))
			chain := minttest.SVID(t, middle, web).Certificates
			got, err := w.bundles.Verify(forward(web, chain...), noon)
			check(t, got, err, web, tc.want)
		})
	}
	t.Run("RSA of 1024 bits", func(t *testing.T) {
		middle := minttest.Intermediate(t, w.shop, mint.PrivateKey(key1024))
		got, err := w.bundles.Verify(forward(web, minttest.SVID(t, middle, web).Certificates...), noon)
		check(t, got, err, web, untrusted)
	})
}

func TestChain(t *testing.T) {
	w := newWorld(t)
	middle := minttest.Intermediate(t, w.shop)
	lower := minttest.Intermediate(t, middle)
	short := minttest.Intermediate(t, w.shop, mint.With(func(c *x509.Certificate) { c.MaxPathLenZero = true }))
	below := minttest.Intermediate(t, short)
	leaf := func(ca *mint.CA) *x509.Certificate { return minttest.SVID(t, ca, web).Leaf() }
	workload := minttest.SVID(t, w.shop, order, mint.With(func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }))
	root, foreign := w.shop.Certificate(), w.partner.Certificate()
	for _, tc := range []struct {
		name  string
		chain []*x509.Certificate
		want  reason.Code
	}{
		{"direct", list(leaf(w.shop)), reason.Allowed},
		{"direct, with the root", list(leaf(w.shop), root), reason.Allowed},
		{"direct, with others that lead nowhere", list(leaf(w.shop), foreign, workload.Leaf()), reason.Allowed},
		{"one between", list(leaf(middle), middle.Certificate()), reason.Allowed},
		{"one between, with the root", list(leaf(middle), middle.Certificate(), root), reason.Allowed},
		{"two between", list(leaf(lower), lower.Certificate(), middle.Certificate()), reason.Allowed},
		{"two between, out of order", list(leaf(lower), middle.Certificate(), lower.Certificate()), reason.Allowed},
		{"two between, one missing", list(leaf(lower), lower.Certificate()), reason.CertificateUntrusted},
		{"one between, missing", list(leaf(middle)), reason.CertificateUntrusted},
		{"another one between", list(leaf(middle), short.Certificate()), reason.CertificateUntrusted},
		{"path length kept", list(leaf(short), short.Certificate()), reason.Allowed},
		{"path length exceeded", list(leaf(below), below.Certificate(), short.Certificate()), reason.CertificateUntrusted},
		{"foreign CA that the client brings along", list(leaf(w.elsewhere), w.elsewhere.Certificate()), reason.CertificateUntrusted},
		{"eight in all", append(list(leaf(w.shop)), repeat(root, 7)...), reason.Allowed},
		{"nine in all", append(list(leaf(w.shop)), repeat(root, 8)...), reason.BadHeader},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := w.bundles.Verify(forward(web, tc.chain...), noon)
			check(t, got, err, web, tc.want)
		})
	}
}

// TestIntermediateOfAnotherDomain has the partner's root cross-signed by the shop's: the shop's
// bundle would vouch for whatever the partner issues.
func TestIntermediateOfAnotherDomain(t *testing.T) {
	w := newWorld(t)
	for _, domain := range []string{"shop.test", "partner.test"} {
		cross := minttest.Intermediate(t, w.shop, mint.With(func(c *x509.Certificate) {
			c.URIs = []*url.URL{{Scheme: "spiffe", Host: domain}}
		}))
		id := "spiffe://" + domain + "/a"
		got, err := w.bundles.Verify(forward(id, minttest.SVID(t, cross, id).Certificates...), noon)
		want := reason.CertificateUntrusted
		if domain == "shop.test" {
			want = reason.Allowed
		}
		check(t, got, err, id, want)
	}
}

// TestIssuerThatIsALeaf has a workload sign for another one with its own key.
func TestIssuerThatIsALeaf(t *testing.T) {
	w := newWorld(t)
	workload := minttest.Intermediate(t, w.shop, mint.With(func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "shop.test", Path: "/ns/shop/sa/mallory"}}
	}))
	got, err := w.bundles.Verify(forward(web, minttest.SVID(t, workload, web).Certificates...), noon)
	check(t, got, err, "", reason.CertificateUntrusted)
}

func list(chain ...*x509.Certificate) []*x509.Certificate { return chain }

func repeat(cert *x509.Certificate, n int) []*x509.Certificate {
	out := make([]*x509.Certificate, n)
	for i := range out {
		out[i] = cert
	}
	return out
}
