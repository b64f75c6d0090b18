package mint_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const web = "spiffe://shop.test/ns/shop/sa/web"

func bundleOf(t *testing.T, ca *mint.CA) *spiffebundle.Bundle {
	t.Helper()
	b, err := spiffebundle.Parse(ca.TrustDomain(), minttest.BundleJSON(t, ca))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsMintedVerifies(t *testing.T) {
	root := minttest.CA(t, "shop.test")
	for name, ca := range map[string]*mint.CA{
		"root":             root,
		"RSA root":         minttest.CA(t, "shop.test", mint.RSA()),
		"intermediate":     minttest.Intermediate(t, root),
		"two between":      minttest.Intermediate(t, minttest.Intermediate(t, root)),
		"RSA intermediate": minttest.Intermediate(t, root, mint.RSA()),
	} {
		t.Run(name, func(t *testing.T) {
			svid := minttest.SVID(t, ca, web)
			id, _, err := x509svid.Verify(svid.Certificates, bundleOf(t, ca))
			if err != nil || id.String() != web {
				t.Fatalf("Verify = %v, %v", id, err)
			}
			if _, err := tls.X509KeyPair(svid.PEM(), svid.KeyPEM()); err != nil {
				t.Fatal(err)
			}
			other := minttest.CA(t, "shop.test")
			if _, _, err := x509svid.Verify(svid.Certificates, bundleOf(t, other)); err == nil {
				t.Fatal("another root of the same name verifies it")
			}
		})
	}
}

func TestEditsAreWhatIsSigned(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	now := time.Unix(1_800_000_000, 0)
	for _, tc := range []struct {
		name string
		id   string
		edit mint.Option
		want func(*x509.Certificate) bool
	}{
		{"key usage", web, mint.With(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }),
			func(c *x509.Certificate) bool { return c.KeyUsage == x509.KeyUsageCertSign }},
		{"two URIs", web, mint.RawURIs(web, web+"2"),
			func(c *x509.Certificate) bool { return len(c.URIs) == 2 && c.URIs[1].String() == web+"2" }},
		{"another URI", web, mint.With(func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: "a.test"}} }),
			func(c *x509.Certificate) bool { return len(c.URIs) == 1 && c.URIs[0].String() == "https://a.test" }},
		{"no URI", "", mint.With(func(*x509.Certificate) {}),
			func(c *x509.Certificate) bool { return len(c.URIs) == 0 }},
		{"time and lifetime", web, func(o mint.Option) mint.Option { return o }(mint.Now(now)),
			func(c *x509.Certificate) bool { return c.NotAfter.Equal(now.Add(time.Hour)) }},
		{"lifetime", web, mint.Lifetime(-time.Second),
			func(c *x509.Certificate) bool { return c.NotAfter.Before(time.Now()) && c.NotAfter.After(c.NotBefore) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			leaf := minttest.SVID(t, ca, tc.id, tc.edit).Leaf()
			if !tc.want(leaf) {
				t.Errorf("not what was asked for: usage %v, URIs %v, %v to %v", leaf.KeyUsage, leaf.URIs, leaf.NotBefore, leaf.NotAfter)
			}
			if err := leaf.CheckSignatureFrom(ca.Certificate()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIDsOfIllegalGrammar(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	for _, id := range []string{
		"spiffe://shop.test/a\x00b", "spiffe://shop.test/a\xff", "spiffe://SHOP.test/a", "spiffe://shop.test/%zz",
		"spiffe://shop.test/a/../b", "spiffe://shop.test:80/a", "spiffe://shop.test/a;URI=b", "spiffe://shop.test/é", "no scheme",
	} {
		t.Run(fmt.Sprintf("%q", id), func(t *testing.T) {
			leaf := minttest.SVID(t, ca, id).Leaf()
			if !strings.Contains(string(leaf.Raw), id) {
				t.Fatal("the certificate does not hold the ID byte for byte")
			}
			if parsed, err := x509.ParseCertificate(leaf.Raw); (err == nil) != (leaf.SerialNumber != nil) {
				t.Fatalf("parses as %v, %v; got serial %v", parsed, err, leaf.SerialNumber)
			}
		})
	}
}

func TestClockOfTheCAIsThatOfItsSVIDs(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	ca := minttest.CA(t, "shop.test", mint.Now(now), mint.Lifetime(time.Minute))
	if got := ca.Certificate().NotAfter; !got.Equal(now.Add(time.Minute)) {
		t.Errorf("the CA ends %v", got)
	}
	svid := minttest.SVID(t, minttest.Intermediate(t, ca), web)
	if got := svid.Leaf().NotAfter; !got.Equal(now.Add(time.Hour)) {
		t.Errorf("the SVID ends %v", got)
	}
}

func TestLoadCA(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	key, err := ca.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := mint.LoadCA("shop.test", ca.BundlePEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	svid := minttest.SVID(t, loaded, web)
	if _, _, err := x509svid.Verify(svid.Certificates, bundleOf(t, ca)); err != nil {
		t.Fatal(err)
	}
	leaf := minttest.SVID(t, ca, web)
	for name, tc := range map[string]struct {
		domain    string
		cert, key []byte
	}{
		"another key":        {"shop.test", ca.BundlePEM(), leaf.KeyPEM()},
		"a leaf":             {"shop.test", leaf.PEM(), leaf.KeyPEM()},
		"a bad trust domain": {"Shop Test", ca.BundlePEM(), key},
		"nothing":            {"shop.test", nil, nil},
	} {
		if _, err := mint.LoadCA(tc.domain, tc.cert, tc.key); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

func TestBundleHoldsJWTAuthorities(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	key := minttest.Key(t, "ES256", "k1")
	b, err := spiffebundle.Parse(spiffeid.RequireTrustDomainFromString("shop.test"), minttest.BundleJSON(t, ca, key))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.FindJWTAuthority("k1"); !ok || len(b.X509Authorities()) != 1 {
		t.Fatalf("authorities: %v, %d X.509", b.JWTAuthorities(), len(b.X509Authorities()))
	}
	if _, err := ca.BundleJSON(minttest.Key(t, "ES256", "")); err == nil {
		t.Error("an authority without a key ID was let in")
	}
}

func TestBadTrustDomain(t *testing.T) {
	if _, err := mint.NewCA("shop test"); err == nil {
		t.Error("minted")
	}
}

func TestEnvoyCertificate(t *testing.T) {
	leaf := minttest.SVID(t, minttest.CA(t, "shop.test"), web).Leaf()
	got := mint.EnvoyCertificate(leaf)
	if strings.ContainsAny(got, "+/= \n") || !strings.HasPrefix(got, "-----BEGIN%20CERTIFICATE-----%0A") {
		t.Errorf("not escaped as Envoy does: %s", got)
	}
	want := string(mint.CertificatePEM(leaf))
	for name, unescape := range map[string]func(string) (string, error){"path": url.PathUnescape, "query": url.QueryUnescape} {
		if back, err := unescape(got); err != nil || back != want {
			t.Errorf("%s unescaped: %q, %v", name, back, err)
		}
	}
}

func TestEnvoyXFCC(t *testing.T) {
	svid := minttest.SVID(t, minttest.Intermediate(t, minttest.CA(t, "shop.test")), web)
	got := mint.EnvoyXFCC("spiffe://shop.test/server", svid.Certificates...)
	hash := sha256.Sum256(svid.Leaf().Raw)
	before, chain, ok := strings.Cut(got, `;Chain="`)
	if !ok || before != "By=spiffe://shop.test/server;Hash="+hex.EncodeToString(hash[:]) {
		t.Fatalf("got %s", got)
	}
	if back, err := url.PathUnescape(strings.TrimSuffix(chain, `"`)); err != nil || back != string(svid.PEM()) {
		t.Errorf("chain %q, %v", back, err)
	}
}

func Example() {
	ca, err := mint.NewCA("shop.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	svid, err := ca.SVID("spiffe://shop.test/ns/shop/sa/web", mint.With(func(c *x509.Certificate) {
		c.KeyUsage |= x509.KeyUsageCertSign // the one thing that is wrong with it
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(svid.Leaf().URIs[0])
	// Output: spiffe://shop.test/ns/shop/sa/web
}
