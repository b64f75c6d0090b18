package idp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority is a private certificate authority with one server certificate, for 127.0.0.1:
// what a company has for services that the world need not see.
type Authority struct {
	CAFile   string // PEM of the root
	CertFile string // PEM of the server's certificate
	KeyFile  string // PEM of its key, PKCS #8
	roots    *x509.CertPool
}

// NewAuthority makes an Authority whose files end with the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	dir := t.TempDir()
	a := &Authority{
		CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "server.pem"),
		KeyFile: filepath.Join(dir, "server.key"), roots: x509.NewCertPool(),
	}
	root := template("Test issuers")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	rootKey := newKey(t)
	rootDER := sign(t, root, root, rootKey, rootKey)
	server := template("127.0.0.1")
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.KeyUsage, server.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key := newKey(t)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a.CAFile, "CERTIFICATE", rootDER)
	write(t, a.CertFile, "CERTIFICATE", sign(t, server, root, key, rootKey))
	write(t, a.KeyFile, "PRIVATE KEY", keyDER)
	parsed, err := x509.ParseCertificate(rootDER)
	if err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(parsed)
	return a
}

// TLS returns the TLS of a client that trusts this authority alone, and presents the
// certificate unless it is nil.
func (a *Authority) TLS(certificate *tls.Certificate) *tls.Config {
	c := &tls.Config{RootCAs: a.roots, MinVersion: tls.VersionTLS12}
	if certificate != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return c
}

// serials are long enough that two certificates never share one.
const serials = 1 << 62

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(serials)) // crypto/rand does not fail
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(24 * time.Hour),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, cert, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, by, key.Public(), byKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func write(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
