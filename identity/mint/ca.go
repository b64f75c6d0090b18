package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

const (
	caLifetime   = 24 * time.Hour
	svidLifetime = time.Hour
	// backdate is how long before now a certificate begins, for clocks that differ a little.
	backdate = time.Minute
	rsaBits  = 2048
)

// A CA issues certificates of one trust domain: its root, or an intermediate under it. It is
// immutable and safe for concurrent use.
type CA struct {
	domain spiffeid.TrustDomain
	root   *x509.Certificate
	chain  []*x509.Certificate // this CA's own certificate first, without the root
	cert   *x509.Certificate
	key    crypto.Signer
	clock  func() time.Time
}

// NewCA returns a new self-signed root for the trust domain, such as "shop.test".
func NewCA(trustDomain string, options ...Option) (*CA, error) {
	domain, err := spiffeid.TrustDomainFromString(trustDomain)
	if err != nil {
		return nil, fmt.Errorf("mint: %w", err)
	}
	o := newOrder(time.Now, caLifetime, options)
	key, err := o.signer()
	if err != nil {
		return nil, err
	}
	template := caTemplate(domain, o, "root")
	cert, err := issue(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &CA{domain: domain, root: cert, cert: cert, key: key, clock: o.clock}, nil
}

// LoadCA returns the root that certPEM and keyPEM hold, as CertificatePEM and KeyPEM wrote them.
func LoadCA(trustDomain string, certPEM, keyPEM []byte, options ...Option) (*CA, error) {
	domain, err := spiffeid.TrustDomainFromString(trustDomain)
	if err != nil {
		return nil, fmt.Errorf("mint: %w", err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("mint: %w", err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || pair.Leaf == nil || !pair.Leaf.IsCA {
		return nil, errors.New("mint: not a CA certificate with its key")
	}
	o := newOrder(time.Now, caLifetime, options)
	return &CA{domain: domain, root: pair.Leaf, cert: pair.Leaf, key: key, clock: o.clock}, nil
}

// Intermediate returns a CA under this one. What it issues carries the chain up to the root,
// the root excluded.
func (ca *CA) Intermediate(options ...Option) (*CA, error) {
	o := newOrder(ca.clock, caLifetime, options)
	key, err := o.signer()
	if err != nil {
		return nil, err
	}
	cert, err := issue(caTemplate(ca.domain, o, "intermediate"), ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	chain := append([]*x509.Certificate{cert}, ca.chain...)
	return &CA{domain: ca.domain, root: ca.root, chain: chain, cert: cert, key: key, clock: o.clock}, nil
}

// SVID returns an X.509-SVID for id, which is encoded as it stands: an ID of illegal grammar
// or of another trust domain is a test's own choice. With "" there is no URI at all. A
// certificate that crypto/x509 can make and cannot parse has Raw set and nothing else.
func (ca *CA) SVID(id string, options ...Option) (*SVID, error) {
	o := newOrder(ca.clock, svidLifetime, options)
	key, err := o.signer()
	if err != nil {
		return nil, err
	}
	template, err := ca.leafTemplate(id, o)
	if err != nil {
		return nil, err
	}
	cert, err := issue(template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return &SVID{Certificates: append([]*x509.Certificate{cert}, ca.chain...), Key: key, keyPEM: keyPEM}, nil
}

// TrustDomain returns the trust domain that the CA issues for.
func (ca *CA) TrustDomain() spiffeid.TrustDomain { return ca.domain }

// Certificate returns the CA's own certificate.
func (ca *CA) Certificate() *x509.Certificate { return ca.cert }

// KeyPEM returns the CA's private key, PKCS #8 in PEM.
func (ca *CA) KeyPEM() ([]byte, error) { return encodeKey(ca.key) }

func newOrder(clock func() time.Time, lifetime time.Duration, options []Option) *order {
	o := &order{clock: clock, lifetime: lifetime}
	for _, option := range options {
		option(o)
	}
	return o
}

func (o *order) signer() (crypto.Signer, error) {
	switch {
	case o.key != nil:
		return o.key, nil
	case o.rsa:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

func (o *order) template(subject pkix.Name) *x509.Certificate {
	now := o.clock()
	return &x509.Certificate{
		Subject:               subject,
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(o.lifetime),
		BasicConstraintsValid: true,
	}
}

func (o *order) edit(c *x509.Certificate) {
	for _, edit := range o.edits {
		edit(c)
	}
}

func caTemplate(domain spiffeid.TrustDomain, o *order, role string) *x509.Certificate {
	c := o.template(pkix.Name{Organization: []string{domain.Name()}, CommonName: role})
	c.IsCA = true
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	c.URIs = []*url.URL{domain.ID().URL()}
	o.edit(c)
	return c
}

func (ca *CA) leafTemplate(id string, o *order) (*x509.Certificate, error) {
	c := o.template(pkix.Name{Organization: []string{ca.domain.Name()}})
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if id != "" {
		if err := setURI(c, id); err != nil {
			return nil, err
		}
	}
	o.edit(c)
	return c, nil
}

// setURI puts uri into c, through url.URL where that keeps every byte of it.
func setURI(c *x509.Certificate, uri string) error {
	if u, err := url.Parse(uri); err == nil && u.String() == uri && isASCII(uri) {
		c.URIs = []*url.URL{u}
		return nil
	}
	extension, err := sanExtension([]string{uri})
	c.ExtraExtensions = append(c.ExtraExtensions, extension)
	return err
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// issue signs template and returns the certificate, with Raw alone where it does not parse.
func issue(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	if template.SerialNumber == nil {
		serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
		if err != nil {
			return nil, fmt.Errorf("mint: serial number: %w", err)
		}
		template.SerialNumber = serial.Add(serial, big.NewInt(1)) // RFC 5280: positive
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("mint: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return &x509.Certificate{Raw: der}, nil //nolint:nilerr // what Go cannot read is what a test wants
	}
	return cert, nil
}
