package idp

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
	"time"

	"github.com/postern/postern/e2e/process"
)

// FreePort returns a port of 127.0.0.1 that was free a moment ago: an issuer has to know its own
// name before it listens.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Await waits until an issuer answers to discovery, and fails the test when its process ends or
// the time is over.
func Await(t testing.TB, p *process.Process, a *Authority, issuer string, most time.Duration) Server {
	t.Helper()
	var err error
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var s Server
		if s, err = Discover(t.Context(), a.TLS(nil), issuer); err == nil {
			return s
		}
		if p.Ended() {
			t.Fatalf("%s ended: %v\n%s", issuer, p.Err(), p.Log())
		}
	}
	t.Fatalf("%s is not ready after %v: %v\n%s", issuer, most, err, p.Log())
	return Server{}
}

// PrivatePEM returns a private key, PKCS #8 in PEM.
func PrivatePEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
