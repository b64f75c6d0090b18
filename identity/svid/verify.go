package svid

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

const (
	maxCertificate   = 16 << 10 // bytes of the escaped PEM; Envoy's are about 750 for P-256
	maxIntermediates = 7        // in the Chain of x-forwarded-client-cert, after the leaf
)

// A Presented is what Envoy delivers of the caller with one request.
type Presented struct {
	Principal   string // source.principal: Envoy's word, never ours
	Certificate string // source.certificate: the leaf, in PEM, escaped
	Forwarded   string // the value of x-forwarded-client-cert; "" when there is none
}

// Verify proves the caller at a time. A refusal is a *reason.Error and comes with the zero
// Caller. Neither principal nor certificate is no caller: the zero Caller and no error.
//
// A certificate is verified by the X.509-SVID specification against the bundle of its own trust
// domain, to the second and without tolerance: both NotBefore and NotAfter are within validity.
// The principal must then be the verified ID: Envoy takes it from the same certificate, so one
// that is missing or differs contradicts it (BadRequest). A principal without a certificate
// proves nothing (CertificateMissing). x-forwarded-client-cert, if there is any, must speak of
// the same certificate (BadHeader).
func (b *Bundles) Verify(p Presented, at time.Time) (identity.Caller, error) {
	switch {
	case p.Principal == "" && p.Certificate == "":
		return identity.Caller{}, nil
	case p.Certificate == "":
		return identity.Caller{}, reason.Errorf(reason.CertificateMissing,
			"Envoy names a principal and delivers no certificate: is include_peer_certificate set?")
	}
	proven, ok := b.recall(p, at)
	if !ok {
		var err error
		if proven, err = b.prove(p, at); err != nil {
			return identity.Caller{}, err
		}
		b.keep(p, proven)
	}
	if p.Principal != proven.caller.String() {
		return identity.Caller{}, reason.Errorf(reason.BadRequest,
			"the principal is not the ID %q of the certificate beside it", proven.caller)
	}
	return proven.caller, nil
}

// prove is Verify without the principal.
func (b *Bundles) prove(p Presented, at time.Time) (proven, error) {
	leaf, err := parseLeaf(p.Certificate)
	if err != nil {
		return proven{}, err
	}
	thumbprint := sha256.Sum256(leaf.Raw)
	id, valid, err := b.verify(leaf, func() ([]*x509.Certificate, error) { return intermediatesOf(p, thumbprint) }, at)
	if err != nil {
		return proven{}, err
	}
	caller := identity.ProvenCaller(id, thumbprint).WithSerial(leaf.SerialNumber)
	return proven{caller: caller, domain: id.TrustDomain(), valid: valid}, nil
}

// VerifyChain proves the client of a TLS connection of our own by the certificates that it
// sent, leaf first: by the same rules as Verify, without Envoy in between.
func (b *Bundles) VerifyChain(sent []*x509.Certificate, at time.Time) (identity.Caller, error) {
	switch {
	case len(sent) == 0:
		return identity.Caller{}, reason.Errorf(reason.CertificateMissing, "the client sent no certificate")
	case len(sent) > 1+maxIntermediates:
		return identity.Caller{}, reason.Errorf(reason.CertificateMalformed, "the client sent more than %d certificates", 1+maxIntermediates)
	}
	id, _, err := b.verify(sent[0], func() ([]*x509.Certificate, error) { return sent[1:], nil }, at)
	if err != nil {
		return identity.Caller{}, err
	}
	return identity.ProvenCaller(id, sha256.Sum256(sent[0].Raw)).WithSerial(sent[0].SerialNumber), nil
}

// verify is the whole of the X.509-SVID specification. What the client offers for the chain is
// only looked at when the leaf itself is fine.
func (b *Bundles) verify(leaf *x509.Certificate, offered func() ([]*x509.Certificate, error), at time.Time) (spiffeid.ID, window, error) {
	id, err := checkLeaf(leaf)
	if err != nil {
		return spiffeid.ID{}, window{}, &reason.Error{Code: reason.CertificateNotSVID, Cause: brief(err)}
	}
	if err := checkValidity(leaf, at); err != nil {
		return spiffeid.ID{}, window{}, err
	}
	intermediates, err := offered()
	if err != nil {
		return spiffeid.ID{}, window{}, err
	}
	valid, err := b.checkChain(leaf, id, intermediates, at)
	if err != nil {
		return spiffeid.ID{}, window{}, err
	}
	return id, valid, nil
}

func parseLeaf(escaped string) (*x509.Certificate, error) {
	if len(escaped) > maxCertificate {
		return nil, reason.Errorf(reason.CertificateMalformed, "longer than %d bytes", maxCertificate)
	}
	chain, err := parseChain(escaped, 1)
	if err != nil {
		return nil, reason.Errorf(reason.CertificateMalformed, "source.certificate: %w", err)
	}
	return chain[0], nil
}

func checkValidity(leaf *x509.Certificate, at time.Time) error {
	switch {
	case at.IsZero(): // which crypto/x509 would read as now
		return reason.Errorf(reason.Internal, "no time to verify at")
	case at.Before(leaf.NotBefore):
		return reason.Errorf(reason.CertificateNotYetValid, "valid from %s", leaf.NotBefore.Format(time.RFC3339))
	case at.After(leaf.NotAfter):
		return reason.Errorf(reason.CertificateExpired, "valid until %s", leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// intermediatesOf returns what x-forwarded-client-cert has to offer for the chain. The leaf in
// it must be the one in p, byte for byte.
func intermediatesOf(p Presented, thumbprint [sha256.Size]byte) ([]*x509.Certificate, error) {
	if p.Forwarded == "" {
		return nil, nil
	}
	f, err := parseForwarded(p.Forwarded)
	rest, ours := strings.CutPrefix(f.chain, p.Certificate)
	switch {
	case err != nil:
	case f.hash != hex.EncodeToString(thumbprint[:]):
		err = errors.New("the Hash is not that of the certificate")
	case f.cert != "" && f.cert != p.Certificate:
		err = errors.New("the Cert is not the certificate")
	case f.chain != "" && !ours:
		err = errors.New("the Chain does not begin with the certificate")
	}
	if err != nil {
		return nil, reason.Errorf(reason.BadHeader, "x-forwarded-client-cert: %w", err)
	}
	if rest == "" {
		return nil, nil
	}
	chain, err := parseChain(rest, maxIntermediates)
	if err != nil {
		return nil, reason.Errorf(reason.BadHeader, "x-forwarded-client-cert: Chain: %w", err)
	}
	return chain, nil
}

// checkChain builds a path from the leaf to the bundle of the trust domain of id (X.509-SVID
// section 5.1, RFC 5280 section 6). A client may send certificates that lead nowhere, its root
// among them: those that may not sign are left out, so that no path goes through them. It returns
// when all of a path is valid.
func (b *Bundles) checkChain(leaf *x509.Certificate, id spiffeid.ID, offered []*x509.Certificate, at time.Time) (window, error) {
	domain := id.TrustDomain()
	bundle, ok := b.of(domain)
	switch {
	case !ok:
		return window{}, reason.Errorf(reason.TrustDomainUnknown, "no bundle for the trust domain %q", domain)
	case bundle.staleAt(at):
		return window{}, reason.Errorf(reason.BundleStale, "the bundle of %q served until %s",
			domain, bundle.until.Format(time.RFC3339))
	}
	var unfit error
	intermediates := x509.NewCertPool()
	for i, cert := range offered {
		if err := checkIntermediate(cert, domain); err != nil {
			unfit = fmt.Errorf("; certificate %d of the Chain is unfit: %w", i+2, err)
			continue
		}
		intermediates.AddCert(cert)
	}
	paths, err := leaf.Verify(x509.VerifyOptions{
		Roots:         bundle.pool,
		Intermediates: intermediates,
		CurrentTime:   at,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	switch {
	case err != nil && unfit != nil:
		return window{}, reason.Errorf(reason.CertificateUntrusted, "no chain to the bundle of %q: %w%w", domain, brief(err), brief(unfit))
	case err != nil:
		return window{}, reason.Errorf(reason.CertificateUntrusted, "no chain to the bundle of %q: %w", domain, brief(err))
	}
	return widest(paths), nil
}
