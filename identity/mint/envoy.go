package mint

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
)

// EnvoyCertificate returns cert as Envoy writes it into source.certificate of a CheckRequest
// and into x-forwarded-client-cert: PEM in which all that could mean something else is
// percent-encoded.
func EnvoyCertificate(cert *x509.Certificate) string { return envoyPEM(cert) }

// EnvoyXFCC returns the x-forwarded-client-cert that an Envoy with SPIFFE ID by sets
// (SANITIZE_SET with chain) for a client that sent chain, the leaf first.
func EnvoyXFCC(by string, chain ...*x509.Certificate) string {
	hash := sha256.Sum256(chain[0].Raw)
	return "By=" + by + ";Hash=" + hex.EncodeToString(hash[:]) + `;Chain="` + envoyPEM(chain...) + `"`
}

func envoyPEM(certificates ...*x509.Certificate) string {
	escape := strings.NewReplacer("\n", "%0A", " ", "%20", "+", "%2B", "/", "%2F", "=", "%3D")
	return escape.Replace(string(CertificatePEM(certificates...)))
}
