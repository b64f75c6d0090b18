package svid

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/memo"
)

// maxAuthorities bounds a bundle. SPIRE holds two or three, during a rotation.
const maxAuthorities = 100

// A Bundle is the authorities of one trust domain. It is immutable; the zero Bundle belongs to
// no trust domain and NewBundles refuses it.
type Bundle struct {
	domain      spiffeid.TrustDomain
	pool        *x509.CertPool
	authorities []*x509.Certificate // sorted by their DER
	digest      [sha256.Size]byte
	until       time.Time
}

// NewBundle returns the bundle of domain. It refuses one without authorities, or with one that
// could never sign an SVID: not a CA, a key usage without keyCertSign, or a weak key. An
// expired authority is no error: it signs nothing any more.
func NewBundle(domain spiffeid.TrustDomain, authorities []*x509.Certificate) (Bundle, error) {
	switch {
	case domain.IsZero():
		return Bundle{}, errors.New("a bundle needs a trust domain")
	case len(authorities) == 0:
		return Bundle{}, errors.New("the bundle has no X.509 authority")
	case len(authorities) > maxAuthorities:
		return Bundle{}, fmt.Errorf("the bundle has more than %d X.509 authorities", maxAuthorities)
	}
	sorted := slices.Clone(authorities)
	slices.SortFunc(sorted, func(a, b *x509.Certificate) int { return bytes.Compare(a.Raw, b.Raw) })
	sorted = slices.CompactFunc(sorted, (*x509.Certificate).Equal)
	b := Bundle{domain: domain, pool: x509.NewCertPool(), authorities: sorted}
	digest := sha256.New()
	for _, authority := range sorted {
		if err := checkAuthority(authority); err != nil {
			return Bundle{}, fmt.Errorf("authority %.100q: %w", authority.Subject, err)
		}
		b.pool.AddCert(authority)
		digest.Write(authority.Raw) // DER says its own length, so no two lists share a digest
	}
	digest.Sum(b.digest[:0])
	return b, nil
}

// Until returns the same bundle, which goes stale at t: from then on it verifies nothing. With
// the zero time it is live and never does.
func (b Bundle) Until(t time.Time) Bundle {
	b.until = t
	return b
}

// TrustDomain returns the trust domain that the bundle belongs to.
func (b Bundle) TrustDomain() spiffeid.TrustDomain { return b.domain }

// Authorities returns the certificates of the authorities, each once, in the order of their DER.
func (b Bundle) Authorities() []*x509.Certificate { return slices.Clone(b.authorities) }

// staleAt says that the bundle may not be used at the time any more.
func (b Bundle) staleAt(at time.Time) bool { return !b.until.IsZero() && age.Reached(b.until, at) }

// Bundles is a set of bundles, at most one a trust domain, that never changes. It remembers what it
// has verified, and is for many goroutines. A nil *Bundles is empty.
type Bundles struct {
	byDomain map[spiffeid.TrustDomain]Bundle
	kept     *memo.Memo[proven] // by the leaf, as Envoy delivers it
}

// NewBundles returns the set. Two bundles of one trust domain are an error: which would count?
func NewBundles(bundles ...Bundle) (*Bundles, error) {
	set := &Bundles{byDomain: make(map[spiffeid.TrustDomain]Bundle, len(bundles)), kept: memo.New[proven](maxKept)}
	for _, b := range bundles {
		if b.domain.IsZero() {
			return nil, errors.New("a bundle needs a trust domain")
		}
		if _, ok := set.byDomain[b.domain]; ok {
			return nil, fmt.Errorf("two bundles for the trust domain %s", b.domain)
		}
		set.byDomain[b.domain] = b
	}
	return set, nil
}

// Len returns the number of trust domains.
func (b *Bundles) Len() int {
	if b == nil {
		return 0
	}
	return len(b.byDomain)
}

// All returns the bundles, sorted by the name of their trust domain.
func (b *Bundles) All() []Bundle {
	if b == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(b.byDomain), func(a, b Bundle) int { return a.domain.Compare(b.domain) })
}

// A Domain describes one bundle of a set, for people.
type Domain struct {
	Name        string            // of the trust domain
	Authorities int               // how many
	Digest      [sha256.Size]byte // SHA-256 over their DER, sorted
	Until       time.Time         // when it goes stale; zero while it is live
}

// Domains describes the bundles, sorted by name.
func (b *Bundles) Domains() []Domain {
	if b == nil {
		return nil
	}
	domains := make([]Domain, 0, len(b.byDomain))
	for _, bundle := range b.All() {
		domains = append(domains, Domain{bundle.domain.Name(), len(bundle.authorities), bundle.digest, bundle.until})
	}
	return domains
}

// of returns the bundle of a trust domain.
func (b *Bundles) of(domain spiffeid.TrustDomain) (Bundle, bool) {
	if b == nil {
		return Bundle{}, false
	}
	bundle, ok := b.byDomain[domain]
	return bundle, ok
}
