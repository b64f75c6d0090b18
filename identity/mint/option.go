package mint

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"
)

// An Option changes one certificate before it is made.
type Option func(*order)

// An order is what is known of a certificate before it is made.
type order struct {
	clock    func() time.Time
	lifetime time.Duration
	key      crypto.Signer // nil: one is generated
	rsa      bool
	edits    []func(*x509.Certificate)
}

// With lets edit change the template after everything else was filled in, so that what edit
// says is what is signed. Edits run in the order given.
func With(edit func(*x509.Certificate)) Option {
	return func(o *order) { o.edits = append(o.edits, edit) }
}

// RSA asks for a 2048 bit RSA key in place of one on P-256.
func RSA() Option { return func(o *order) { o.rsa = true } }

// PrivateKey uses key in place of a new one.
func PrivateKey(key crypto.Signer) Option { return func(o *order) { o.key = key } }

// Lifetime is the time from now to NotAfter: by default 24 h for a CA and 1 h for an SVID.
func Lifetime(d time.Duration) Option { return func(o *order) { o.lifetime = d } }

// Now fixes the time. A CA's time is also that of whatever it issues.
func Now(t time.Time) Option { return Clock(func() time.Time { return t }) }

// Clock replaces time.Now. A CA's clock is also that of whatever it issues.
func Clock(now func() time.Time) Option { return func(o *order) { o.clock = now } }

// oidSubjectAltName is id-ce-subjectAltName (RFC 5280 section 4.2.1.6).
var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// tagURI is uniformResourceIdentifier in GeneralName (RFC 5280 section 4.2.1.6).
const tagURI = 6

// RawURIs replaces the certificate's subject alternative names by exactly these URIs, byte for
// byte, with no check at all: for IDs that no URL parser would let through.
func RawURIs(uris ...string) Option {
	return With(func(c *x509.Certificate) {
		extension, err := sanExtension(uris)
		if err != nil {
			return // cannot happen: context-specific primitives always marshal
		}
		c.ExtraExtensions = append(c.ExtraExtensions, extension)
	})
}

func sanExtension(uris []string) (pkix.Extension, error) {
	names := make([]asn1.RawValue, len(uris))
	for i, uri := range uris {
		names[i] = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tagURI, Bytes: []byte(uri)}
	}
	der, err := asn1.Marshal(names)
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("mint: subject alternative names: %w", err)
	}
	return pkix.Extension{Id: oidSubjectAltName, Value: der}, nil
}
