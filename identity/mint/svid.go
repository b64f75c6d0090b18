package mint

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// An SVID is an X.509-SVID with its key, as CA.SVID made it.
type SVID struct {
	Certificates []*x509.Certificate // the leaf first, then intermediates, never the root
	Key          crypto.Signer
	keyPEM       []byte
}

// Leaf returns the first certificate.
func (s *SVID) Leaf() *x509.Certificate { return s.Certificates[0] }

// PEM returns the certificates, the leaf first.
func (s *SVID) PEM() []byte { return CertificatePEM(s.Certificates...) }

// KeyPEM returns the private key, PKCS #8 in PEM.
func (s *SVID) KeyPEM() []byte { return bytes.Clone(s.keyPEM) }

// TLSCertificate returns the SVID for crypto/tls.
func (s *SVID) TLSCertificate() tls.Certificate {
	c := tls.Certificate{PrivateKey: s.Key, Leaf: s.Leaf()}
	for _, cert := range s.Certificates {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c
}

// CertificatePEM returns the certificates in PEM, one after the other.
func CertificatePEM(certificates ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, cert := range certificates {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return out.Bytes()
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("mint: private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
