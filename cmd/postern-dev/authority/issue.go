package authority

import (
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/mint"
)

// issue replaces the current snapshot, and within it every SVID that is due, or all with every.
// The caller holds the lock, but for New.
func (a *Authority) issue(now time.Time, every bool) error {
	next := &Snapshot{keys: map[spiffeid.TrustDomain]*mint.Key{}}
	for _, domain := range a.config.Domains {
		bundle, err := a.bundle(domain, now)
		if err != nil {
			return err
		}
		next.Bundles = append(next.Bundles, bundle)
		next.keys[domain] = a.rings[domain].Current(now).key
	}
	for i, w := range a.config.Workloads {
		ca := a.rings[w.ID.TrustDomain()].Current(now).ca
		if a.current != nil && !every && a.current.Identities[i].fresh(ca, now) {
			next.Identities = append(next.Identities, a.current.Identities[i])
			continue
		}
		svid, err := ca.SVID(w.ID.String(), mint.Lifetime(a.config.TTL))
		if err != nil {
			return err
		}
		next.Identities = append(next.Identities, Identity{Workload: w, SVID: svid, issuer: ca, renew: now.Add(a.config.TTL / 2)})
	}
	a.current = next
	close(a.changed)
	a.changed = make(chan struct{})
	select {
	case a.kick <- struct{}{}:
	default: // Run will look anyway
	}
	return nil
}

// fresh says that the SVID is neither due nor signed by a CA that something replaced.
func (i *Identity) fresh(ca *mint.CA, now time.Time) bool {
	return i.issuer == ca && now.Before(i.renew)
}

func (a *Authority) bundle(domain spiffeid.TrustDomain, now time.Time) (*spiffebundle.Bundle, error) {
	bundle := spiffebundle.New(domain)
	for _, s := range a.rings[domain].Published(now) {
		bundle.AddX509Authority(s.ca.Certificate())
		if err := bundle.AddJWTAuthority(s.key.ID(), s.key.Public()); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}
