package svid

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// The extensions that are read from their own bytes (RFC 5280 section 4.2.1).
var (
	oidKeyUsage       = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// tagURI is uniformResourceIdentifier in GeneralName (RFC 5280 section 4.2.1.6).
const tagURI = 6

// emptySubject is the encoding of a name without parts.
const emptySubject = "\x30\x00"

// checkLeaf holds a certificate to all that the X.509-SVID specification demands of a leaf,
// but for its validity and its chain, and returns the ID it claims. section names are that
// specification's.
func checkLeaf(leaf *x509.Certificate) (spiffeid.ID, error) {
	id, err := idOf(leaf)
	if err != nil {
		return spiffeid.ID{}, err
	}
	san, _ := extension(leaf, oidSubjectAltName)
	usage, hasUsage := extension(leaf, oidKeyUsage)
	switch {
	case string(leaf.RawSubject) == emptySubject && !san.critical:
		err = errors.New("the subject is empty and the subject alternative name is not critical (section 3.1)")
	case leaf.IsCA:
		err = errors.New("a CA certificate identifies no workload (section 4.1)")
	case !hasUsage:
		err = errors.New("no key usage (section 4.3)")
	case !usage.critical:
		err = errors.New("the key usage is not critical (section 4.3)")
	case leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		err = errors.New("the key usage lacks digitalSignature (section 4.3)")
	case leaf.KeyUsage&x509.KeyUsageCertSign != 0:
		err = errors.New("the key usage has keyCertSign (section 4.3)")
	case leaf.KeyUsage&x509.KeyUsageCRLSign != 0:
		err = errors.New("the key usage has cRLSign (section 4.3)")
	case !forClients(leaf):
		err = errors.New("the extended key usage lacks clientAuth (section 4.4)")
	case len(leaf.UnhandledCriticalExtensions) > 0:
		err = fmt.Errorf("the critical extension %v is not known (RFC 5280 section 4.2)", leaf.UnhandledCriticalExtensions[0])
	default:
		err = checkKey(leaf.PublicKey)
	}
	if err != nil {
		return spiffeid.ID{}, err
	}
	return id, nil
}

// forClients says that the certificate may be used by a TLS client: it has no extended key
// usage, or one that names clientAuth. anyExtendedKeyUsage does not stand in for it, because
// section 4.4 wants clientAuth named. It wants serverAuth too, but a caller serves nobody here.
func forClients(leaf *x509.Certificate) bool {
	if len(leaf.ExtKeyUsage) == 0 && len(leaf.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, usage := range leaf.ExtKeyUsage {
		if usage == x509.ExtKeyUsageClientAuth {
			return true
		}
	}
	return false
}

// idOf returns the ID in the one URI SAN of a certificate.
func idOf(leaf *x509.Certificate) (spiffeid.ID, error) {
	uris, err := uriSANs(leaf)
	switch {
	case err != nil:
		return spiffeid.ID{}, err
	case len(uris) == 0:
		return spiffeid.ID{}, errors.New("no URI SAN (section 2)")
	case len(uris) > 1:
		return spiffeid.ID{}, errors.New("more than one URI SAN (section 2)")
	}
	return ParseID(uris[0])
}

// uriSANs returns the URI SANs as they stand in the certificate. crypto/x509 has parsed them
// into url.URL, whose String may differ from what was signed.
func uriSANs(cert *x509.Certificate) ([]string, error) {
	san, ok := extension(cert, oidSubjectAltName)
	if !ok {
		return nil, nil
	}
	var names asn1.RawValue
	if tail, err := asn1.Unmarshal(san.value, &names); err != nil || len(tail) > 0 {
		return nil, errors.New("malformed subject alternative names")
	}
	var uris []string
	for rest := names.Bytes; len(rest) > 0; {
		var name asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return nil, errors.New("malformed subject alternative name")
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == tagURI {
			uris = append(uris, string(name.Bytes))
		}
	}
	return uris, nil
}

// An ext is one extension of a certificate.
type ext struct {
	critical bool
	value    []byte
}

// extension returns the extension with the identifier. crypto/x509 refuses a certificate that
// has one twice.
func extension(cert *x509.Certificate, id asn1.ObjectIdentifier) (ext, bool) {
	for _, e := range cert.Extensions {
		if e.Id.Equal(id) {
			return ext{critical: e.Critical, value: e.Value}, true
		}
	}
	return ext{}, false
}
