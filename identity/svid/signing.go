package svid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// The sizes of an RSA modulus in bits. Below minRSA it can be factored; above maxRSA (the
// limit of crypto/tls) one signature costs so much to verify that a client could use it to
// keep us busy.
const (
	minRSA = 2048
	maxRSA = 8192
)

// checkKey refuses weak keys, outsized ones and those of unknown kinds. No curve that
// crypto/x509 parses is weaker than RSA of 2048 bits.
func checkKey(key crypto.PublicKey) error {
	switch public := key.(type) {
	case *rsa.PublicKey:
		if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("an RSA key of %d bits; from %d to %d are accepted", bits, minRSA, maxRSA)
		}
		return nil
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return nil
	}
	return errors.New("a key that is neither RSA, ECDSA nor Ed25519")
}

// checkAuthority holds a trust anchor to what RFC 5280 path validation takes for granted. An
// anchor need not be an SVID, so its key usage may be absent.
func checkAuthority(cert *x509.Certificate) error {
	switch {
	case !cert.BasicConstraintsValid || !cert.IsCA:
		return errors.New("not a CA certificate")
	case cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("the key usage lacks keyCertSign")
	}
	return checkKey(cert.PublicKey)
}

// checkIntermediate holds a certificate to what the X.509-SVID specification demands of a
// signing certificate between a leaf of domain and its bundle. Validity, path length, name
// constraints and signatures are left to path validation. section names are that
// specification's.
func checkIntermediate(cert *x509.Certificate, domain spiffeid.TrustDomain) error {
	usage, ok := extension(cert, oidKeyUsage)
	switch {
	case !cert.BasicConstraintsValid || !cert.IsCA:
		return errors.New("not a CA certificate (section 4.1)")
	case !ok || !usage.critical:
		return errors.New("no critical key usage (section 4.3)")
	case cert.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("the key usage lacks keyCertSign (section 4.3)")
	}
	if err := checkSigningID(cert, domain); err != nil {
		return err
	}
	return checkKey(cert.PublicKey)
}

// checkSigningID refuses a signing certificate that names something else than its trust domain
// (section 3.2). It may name nothing. That a signing certificate resides in the domain of its
// leaves is a SHOULD there; here it is a must, as nothing else ties an intermediate to one.
func checkSigningID(cert *x509.Certificate, domain spiffeid.TrustDomain) error {
	uris, err := uriSANs(cert)
	switch {
	case err != nil:
		return err
	case len(uris) == 0:
		return nil
	case len(uris) > 1:
		return errors.New("a signing certificate with more than one URI SAN (section 2)")
	}
	id, err := parseAnyID(uris[0])
	switch {
	case err != nil:
		return fmt.Errorf("the URI SAN of a signing certificate: %w", err)
	case id.Path() != "":
		return errors.New("the SPIFFE ID of a signing certificate has a path (section 3.2)")
	case id.TrustDomain() != domain:
		return fmt.Errorf("a signing certificate of the trust domain %s (section 3.2)", id.TrustDomain())
	}
	return nil
}
