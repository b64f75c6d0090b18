package jwtsvid

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/jose"
)

// A Bundle is the JWT authorities of one trust domain. It is immutable; the zero Bundle belongs to
// no trust domain and NewBundles refuses it.
type Bundle struct {
	domain spiffeid.TrustDomain
	keys   *jose.KeySet
	until  time.Time
}

// NewBundle returns the bundle of domain. It may have no key: such a trust domain issues no
// JWT-SVIDs, or not any more.
func NewBundle(domain spiffeid.TrustDomain, keys *jose.KeySet) (Bundle, error) {
	switch {
	case domain.IsZero():
		return Bundle{}, errors.New("a bundle needs a trust domain")
	case keys == nil:
		return Bundle{}, errors.New("a bundle needs a key set")
	}
	return Bundle{domain: domain, keys: keys}, nil
}

// Until returns the same bundle, which goes stale at t: from then on it verifies nothing. With the
// zero time it is live and never does.
func (b Bundle) Until(t time.Time) Bundle {
	b.until = t
	return b
}

// TrustDomain returns the trust domain that the bundle belongs to.
func (b Bundle) TrustDomain() spiffeid.TrustDomain { return b.domain }

// Keys returns the JWT authorities; nil for the zero Bundle.
func (b Bundle) Keys() *jose.KeySet { return b.keys }

// StaleFrom returns when the bundle goes stale; the zero time while it is live.
func (b Bundle) StaleFrom() time.Time { return b.until }

// StaleAt says that the bundle may not be used at the time any more.
func (b Bundle) StaleAt(at time.Time) bool { return !b.until.IsZero() && age.Reached(b.until, at) }

// Bundles is an immutable set of bundles, at most one a trust domain. A nil *Bundles is empty.
type Bundles struct {
	byDomain map[spiffeid.TrustDomain]Bundle
}

// NewBundles returns the set. Two bundles of one trust domain are an error: which would count?
func NewBundles(bundles ...Bundle) (*Bundles, error) {
	set := &Bundles{byDomain: make(map[spiffeid.TrustDomain]Bundle, len(bundles))}
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

// Of returns the bundle of a trust domain, and false when there is none.
func (b *Bundles) Of(domain spiffeid.TrustDomain) (Bundle, bool) {
	if b == nil {
		return Bundle{}, false
	}
	bundle, ok := b.byDomain[domain]
	return bundle, ok
}

// Len returns the number of trust domains.
func (b *Bundles) Len() int {
	if b == nil {
		return 0
	}
	return len(b.byDomain)
}

// A Domain describes one bundle of a set, for people, and so that sets can be compared.
type Domain struct {
	Name   string    // of the trust domain
	Keys   int       // how many verify JWT-SVIDs
	Digest [32]byte  // of these keys and their names
	Until  time.Time // when it goes stale; zero while it is live
}

// Domains describes the bundles, sorted by name.
func (b *Bundles) Domains() []Domain {
	if b == nil {
		return nil
	}
	domains := make([]Domain, 0, len(b.byDomain))
	for td, bundle := range b.byDomain {
		domains = append(domains, Domain{td.Name(), bundle.keys.Len(), bundle.keys.Digest(), bundle.until})
	}
	slices.SortFunc(domains, func(a, b Domain) int { return cmp.Compare(a.Name, b.Name) })
	return domains
}
