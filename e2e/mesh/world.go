package mesh

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// The workloads of the tests.
const (
	Orders = "spiffe://shop.test/ns/shop/sa/orders" // the one that Postern protects
	Web    = "spiffe://shop.test/ns/shop/sa/web"    // the caller that rules name
	Batch  = "spiffe://shop.test/ns/shop/sa/batch"  // of our own CA, and no rule names it
	Ally   = "spiffe://partner.test/ns/a/sa/ally"   // of a federated trust domain
)

// A World is who may take part: two trust domains that Postern knows, one that it does not,
// and the issuer of the tokens.
type World struct {
	Shop     *mint.CA
	Partner  *mint.CA
	Stranger *mint.CA // says that it is shop.test, and is not
	Issuer   *mint.Key
	Dir      string // files: shop.pem, partner.pem, all.pem, orders.pem, orders.key
	t        testing.TB
}

// NewWorld makes a World and its files.
func NewWorld(t testing.TB) *World {
	t.Helper()
	w := &World{
		Shop: minttest.CA(t, "shop.test"), Partner: minttest.CA(t, "partner.test"),
		Stranger: minttest.CA(t, "shop.test"), Issuer: minttest.Key(t, "ES256", "k1"),
		Dir: t.TempDir(), t: t,
	}
	orders := minttest.SVID(t, w.Shop, Orders)
	w.write("shop.pem", w.Shop.BundlePEM())
	w.write("partner.pem", w.Partner.BundlePEM())
	w.write("all.pem", append(w.Shop.BundlePEM(), w.Partner.BundlePEM()...))
	w.write("orders.pem", orders.PEM())
	w.write("orders.key", orders.KeyPEM())
	return w
}

func (w *World) write(name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.File(name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// File returns the path of one of the World's files.
func (w *World) File(name string) string { return filepath.Join(w.Dir, name) }

// Bundles are Postern's trust bundles, as --trust-bundle takes them.
func (w *World) Bundles() map[string]string {
	return map[string]string{"shop.test": w.File("shop.pem"), "partner.test": w.File("partner.pem")}
}

// As returns the TLS of a client of the shop's CA with that SPIFFE ID.
func (w *World) As(id string, options ...mint.Option) *tls.Config {
	w.t.Helper()
	return With(minttest.SVID(w.t, w.Shop, id, options...))
}

// With returns the TLS of a client that presents the SVID, whatever the server asks for. Who the
// server is does not matter to the tests, which speak to it on the loopback interface.
func With(svid *mint.SVID) *tls.Config {
	c := Anonymous()
	cert := svid.TLSCertificate()
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
	return c
}

// Anonymous returns the TLS of a client without a certificate.
func Anonymous() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "orders.shop.test"}
}

// Token returns a sound access token, but for the edits.
func (w *World) Token(edits ...func(map[string]any)) string {
	w.t.Helper()
	return minttest.Token(w.t, w.Issuer, time.Now(), edits...)
}
