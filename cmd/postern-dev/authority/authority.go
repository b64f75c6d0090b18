// Package authority decides who has which identity: the CAs of the trust domains that
// postern-dev plays, the SVIDs of its workloads, and when each of them is replaced.
package authority

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/cmd/postern-dev/rotation"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/identity/mint"
)

const (
	// caLifetime is long since nothing here can tell who trusts a CA.
	caLifetime = 365 * 24 * time.Hour
	// minTTL keeps a slip of the hand from minting without pause.
	minTTL = 2 * time.Second
	// jwtAlgorithm signs JWT-SVIDs.
	jwtAlgorithm = "ES256"
)

// A Config says which trust domains and workloads there are.
type Config struct {
	Domains   []spiffeid.TrustDomain // at least one: the home domain, then those it federates with
	Workloads []Workload             // at least one
	TTL       time.Duration          // of an X.509-SVID, which is replaced at half of it; 2 s at least
	State     state.Dir              // where CAs and JWT keys are kept
}

// An Authority holds the CAs and issues. It is safe for concurrent use.
type Authority struct {
	config Config
	kick   chan struct{} // tells Run that the plan changed

	mu      sync.Mutex
	rings   map[spiffeid.TrustDomain]*rotation.Ring[signer]
	current *Snapshot
	changed chan struct{} // closed when current is replaced
}

// A signer is what signs for a trust domain. Both halves rotate together.
type signer struct {
	ca  *mint.CA
	key *mint.Key
}

// New returns an authority that has issued everything once.
func New(config Config) (*Authority, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	a := &Authority{
		config:  config,
		kick:    make(chan struct{}, 1),
		rings:   map[spiffeid.TrustDomain]*rotation.Ring[signer]{},
		changed: make(chan struct{}),
	}
	for _, domain := range config.Domains {
		ca, err := config.State.CA(domain.Name(), domain.Name(), mint.Lifetime(caLifetime))
		if err != nil {
			return nil, err
		}
		key, err := config.State.Key(domain.Name(), jwtAlgorithm)
		if err != nil {
			return nil, err
		}
		a.rings[domain] = rotation.NewRing(signer{ca: ca, key: key})
	}
	return a, a.issue(time.Now(), false)
}

func (c *Config) check() error {
	if len(c.Domains) == 0 || len(c.Workloads) == 0 {
		return errors.New("authority: no trust domain or no workload")
	}
	if c.TTL < minTTL {
		return fmt.Errorf("authority: SVIDs must live %v at least, not %v", minTTL, c.TTL)
	}
	domains := map[spiffeid.TrustDomain]bool{}
	for _, domain := range c.Domains {
		if domains[domain] {
			return fmt.Errorf("authority: trust domain %q is named twice", domain)
		}
		domains[domain] = true
	}
	names := map[string]spiffeid.ID{}
	for _, w := range c.Workloads {
		if !domains[w.ID.TrustDomain()] {
			return fmt.Errorf("authority: workload %s: trust domain %q is not served here", w.ID, w.ID.TrustDomain())
		}
		if other, taken := names[w.Name]; taken {
			return fmt.Errorf("authority: workloads %s and %s are both named %q; write NAME=SPIFFE_ID", other, w.ID, w.Name)
		}
		names[w.Name] = w.ID
	}
	return nil
}

// Watch returns the snapshot of now and a channel that is closed when there is a newer one.
func (a *Authority) Watch() (*Snapshot, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current, a.changed
}

// RotateSVIDs replaces every X.509-SVID now.
func (a *Authority) RotateSVIDs() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issue(time.Now(), true)
}

// RotateCA gives a trust domain a new CA and a new JWT key: published now, used from lead on.
// The old ones are withdrawn keep later.
func (a *Authority) RotateCA(domain spiffeid.TrustDomain, lead, keep time.Duration) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ring, ok := a.rings[domain]
	if !ok {
		return fmt.Errorf("authority: trust domain %q is not served here", domain)
	}
	ca, err := a.config.State.NewCA(domain.Name(), domain.Name(), mint.Lifetime(caLifetime))
	if err != nil {
		return err
	}
	key, err := a.config.State.NewKey(domain.Name(), jwtAlgorithm)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := ring.Add(signer{ca: ca, key: key}, now, lead, keep); err != nil {
		return err
	}
	return a.issue(now, false)
}

// Overlap returns the shortest keep with which RotateCA fails nobody: until the last SVID that
// the old CA signed has expired.
func (a *Authority) Overlap() time.Duration { return max(a.config.TTL, jwtLifetime) }

// Run replaces what is due until ctx ends.
func (a *Authority) Run(ctx context.Context) error {
	for {
		timer := time.NewTimer(time.Until(a.due(time.Now())))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-a.kick:
			timer.Stop()
		case <-timer.C:
			if err := a.issueDue(); err != nil {
				return err
			}
		}
	}
}

func (a *Authority) issueDue() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issue(time.Now(), false)
}

// due returns when something has to be replaced next.
func (a *Authority) due(now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := now.Add(a.config.TTL)
	for _, identity := range a.current.Identities {
		if identity.renew.Before(due) {
			due = identity.renew
		}
	}
	for _, ring := range a.rings {
		if next, planned := ring.Next(now); planned && next.Before(due) {
			due = next
		}
	}
	return due
}
