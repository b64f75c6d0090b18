package svid_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

var (
	oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidPrivate  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
)

// uncritical is digitalSignature in a key usage that is not critical.
var uncritical = pkix.Extension{Id: oidKeyUsage, Value: []byte{3, 2, 7, 0x80}}

// TestLeaf is "valid, except ...": each row is a certificate of the shop's own CA.
func TestLeaf(t *testing.T) {
	w := newWorld(t)
	key1024, err := rsa.GenerateKey(rand.Reader, 1024) // weak on purpose
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func(*x509.Certificate)) []mint.Option { return []mint.Option{mint.With(f)} }
	usage := func(u x509.KeyUsage) []mint.Option { return edit(func(c *x509.Certificate) { c.KeyUsage = u }) }
	eku := func(u ...x509.ExtKeyUsage) []mint.Option {
		return edit(func(c *x509.Certificate) { c.ExtKeyUsage = u })
	}
	notSVID := reason.CertificateNotSVID
	for _, tc := range []struct {
		name    string
		options []mint.Option
		want    reason.Code
	}{
		{"nothing", nil, reason.Allowed},
		{"RSA", []mint.Option{mint.RSA()}, reason.Allowed},
		{"no EKU", eku(), reason.Allowed},
		{"clientAuth alone", eku(x509.ExtKeyUsageClientAuth), reason.Allowed},
		{"keyEncipherment and keyAgreement too", usage(x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement), reason.Allowed},
		{"no basic constraints", edit(func(c *x509.Certificate) { c.BasicConstraintsValid = false }), reason.Allowed},
		{"DNS and IP SANs too", edit(func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = []string{"web.shop.test"}, []net.IP{net.IPv4(127, 0, 0, 1)}
		}), reason.Allowed},
		{"empty subject", edit(func(c *x509.Certificate) { c.Subject = pkix.Name{} }), reason.Allowed},
		{"unknown extension", edit(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidPrivate, Value: []byte{5, 0}}}
		}), reason.Allowed},

		{"empty subject and uncritical SAN", append([]mint.Option{mint.RawURIs(web)}, edit(func(c *x509.Certificate) { c.Subject = pkix.Name{} })...), notSVID},
		{"unknown critical extension", edit(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidPrivate, Critical: true, Value: []byte{5, 0}}}
		}), notSVID},
		{"CA", edit(func(c *x509.Certificate) { c.IsCA = true }), notSVID},
		{"CA with keyCertSign", edit(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }), notSVID},
		{"keyCertSign", usage(x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign), notSVID},
		{"cRLSign", usage(x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign), notSVID},
		{"no digitalSignature", usage(x509.KeyUsageKeyEncipherment), notSVID},
		{"no key usage", usage(0), notSVID},
		{"uncritical key usage", edit(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{uncritical} }), notSVID},
		{"serverAuth alone", eku(x509.ExtKeyUsageServerAuth), notSVID},
		{"any EKU alone", eku(x509.ExtKeyUsageAny), notSVID},
		{"unknown EKU alone", edit(func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{oidPrivate}
		}), notSVID},
		{"RSA of 1024 bits", []mint.Option{mint.PrivateKey(key1024)}, notSVID},
		{"no SAN", edit(func(c *x509.Certificate) { c.URIs = nil }), notSVID},
		{"DNS SAN that says spiffe", edit(func(c *x509.Certificate) { c.URIs, c.DNSNames = nil, []string{web} }), notSVID},
		{"URI in the subject alone", edit(func(c *x509.Certificate) { c.URIs, c.Subject.CommonName = nil, web }), notSVID},
		{"two URIs", []mint.Option{mint.RawURIs(web, order)}, notSVID},
		{"the same URI twice", []mint.Option{mint.RawURIs(web, web)}, notSVID},
		{"an https URI too", []mint.Option{mint.RawURIs(web, "https://shop.test/web")}, notSVID},
		{"huge", edit(func(c *x509.Certificate) { c.Subject.CommonName = strings.Repeat("x", 14<<10) }), reason.CertificateMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			leaf := minttest.SVID(t, w.shop, web, tc.options...).Leaf()
			got, err := w.bundles.Verify(present(web, leaf), noon)
			check(t, got, err, web, tc.want)
		})
	}
}

// TestGrammar gives each ID as the one URI SAN of a sound certificate and as the principal.
func TestGrammar(t *testing.T) {
	w := newWorld(t)
	long := func(n int) string { return web + "/" + strings.Repeat("a", n-len(web)-1) }
	for _, tc := range []struct {
		id   string
		want reason.Code
	}{
		{"spiffe://shop.test/a", reason.Allowed},
		{"spiffe://shop.test/A-Z.0_9", reason.Allowed},
		{"spiffe://shop.test/...", reason.Allowed},
		{long(2048), reason.Allowed},
		{long(2049), reason.CertificateNotSVID},
		{"spiffe://shop.test", reason.CertificateNotSVID},
		{"spiffe://shop.test/", reason.CertificateNotSVID},
		{"spiffe://shop.test/a/", reason.CertificateNotSVID},
		{"spiffe://shop.test//a", reason.CertificateNotSVID},
		{"spiffe://shop.test/a//b", reason.CertificateNotSVID},
		{"spiffe://shop.test/./a", reason.CertificateNotSVID},
		{"spiffe://shop.test/a/../b", reason.CertificateNotSVID},
		{"spiffe://shop.test/a/..", reason.CertificateNotSVID},
		{"spiffe://shop.test/a%2Fb", reason.CertificateNotSVID},
		{"spiffe://shop.test/a%00", reason.CertificateNotSVID},
		{"spiffe://shop.test/a b", reason.CertificateNotSVID},
		{"spiffe://shop.test/a!b", reason.CertificateNotSVID},
		{"spiffe://shop.test/a;URI=b", reason.CertificateNotSVID},
		{"spiffe://shop.test/a,By=b", reason.CertificateNotSVID},
		{"spiffe://shop.test/a?q", reason.CertificateNotSVID},
		{"spiffe://shop.test/a#f", reason.CertificateNotSVID},
		{"spiffe://shop.test/a?", reason.CertificateNotSVID},
		{"spiffe://shop.test/a#", reason.CertificateNotSVID},
		{"spiffe://shop.test:80/a", reason.CertificateNotSVID},
		{"spiffe://shop.test:/a", reason.CertificateNotSVID},
		{"spiffe://u@shop.test/a", reason.CertificateNotSVID},
		{"spiffe://u:p@shop.test/a", reason.CertificateNotSVID},
		{"spiffe://@shop.test/a", reason.CertificateNotSVID},
		{"spiffe://Shop.test/a", reason.CertificateNotSVID},
		{"spiffe://SHOP.TEST/a", reason.CertificateNotSVID},
		{"SPIFFE://shop.test/a", reason.CertificateNotSVID},
		{"Spiffe://shop.test/a", reason.CertificateNotSVID},
		{"spiffe:/shop.test/a", reason.CertificateNotSVID},
		{"spiffe:shop.test/a", reason.CertificateNotSVID},
		{"spiffe:///a", reason.CertificateNotSVID},
		{"https://shop.test/a", reason.CertificateNotSVID},
		{"shop.test/a", reason.CertificateNotSVID},
		{" spiffe://shop.test/a", reason.CertificateMalformed},
		{"spiffe://shop.test/a\x00b", reason.CertificateMalformed},
		{"spiffe://shop.test/a\x00", reason.CertificateMalformed},
		{"spiffe://shop.test/a\xff", reason.CertificateMalformed},
		{"spiffe://shop.test/é", reason.CertificateMalformed},
		{"spiffe://shop.test/a\nb", reason.CertificateMalformed},
		{"spiffe://shop.test./a", reason.CertificateMalformed},
		{"spiffe://" + strings.Repeat("a", 256) + "/a", reason.CertificateNotSVID},
	} {
		t.Run(tc.id, func(t *testing.T) {
			leaf := minttest.SVID(t, w.shop, "", mint.RawURIs(tc.id)).Leaf()
			got, err := w.bundles.Verify(present(tc.id, leaf), noon)
			check(t, got, err, tc.id, tc.want)
		})
	}
}

// TestURIOfAnotherForm has a URI SAN in the constructed encoding, which crypto/x509 overlooks:
// beside a primitive one it would be a second ID for another parser.
func TestURIOfAnotherForm(t *testing.T) {
	w := newWorld(t)
	uri := func(constructed bool, s string) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, IsCompound: constructed, Bytes: []byte(s)}
	}
	inner, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(order)})
	if err != nil {
		t.Fatal(err)
	}
	for name, names := range map[string][]asn1.RawValue{
		"alone":  {uri(true, string(inner))},
		"beside": {uri(false, web), uri(true, string(inner))},
	} {
		t.Run(name, func(t *testing.T) {
			der, err := asn1.Marshal(names)
			if err != nil {
				t.Fatal(err)
			}
			leaf := minttest.SVID(t, w.shop, "", mint.With(func(c *x509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}}
			})).Leaf()
			got, err := w.bundles.Verify(present(web, leaf), noon)
			check(t, got, err, "", reason.CertificateNotSVID)
		})
	}
}

func TestValidity(t *testing.T) {
	from, to := noon.Add(-10*time.Minute), noon.Add(10*time.Minute)
	for _, tc := range []struct {
		name string
		at   time.Time
		want reason.Code
	}{
		{"a nanosecond before", from.Add(-1), reason.CertificateNotYetValid},
		{"a second before", from.Add(-time.Second), reason.CertificateNotYetValid},
		{"first", from, reason.Allowed},
		{"last", to, reason.Allowed},
		{"a nanosecond after", to.Add(1), reason.CertificateExpired},
		{"a second after", to.Add(time.Second), reason.CertificateExpired},
		{"no time", time.Time{}, reason.Internal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			shop := minttest.CA(t, "shop.test", mint.Now(noon.Add(-time.Hour)))
			leaf := minttest.SVID(t, shop, web, mint.With(func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = from, to
			})).Leaf()
			got, err := bundles(t, bundle(t, "shop.test", shop.Certificate())).Verify(present(web, leaf), tc.at)
			check(t, got, err, web, tc.want)
		})
	}
}

func TestPrincipal(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, web).Leaf()
	for _, tc := range []struct {
		name, principal string
		want            reason.Code
	}{
		{"the ID", web, reason.Allowed},
		{"none", "", reason.BadRequest},
		{"another of the domain", order, reason.BadRequest},
		{"upper case", strings.ToUpper(web), reason.BadRequest},
		{"a DNS name", "web.shop.test", reason.BadRequest},
		{"the subject", "O=shop.test", reason.BadRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := w.bundles.Verify(present(tc.principal, leaf), noon)
			check(t, got, err, web, tc.want)
		})
	}
}
