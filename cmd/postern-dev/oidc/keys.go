package oidc

import (
	"context"
	"sync"
	"time"

	"github.com/postern/postern/cmd/postern-dev/rotation"
	"github.com/postern/postern/identity/mint"
)

// Keys are the signing keys of the provider. They are safe for concurrent use.
type Keys struct {
	fresh func() (*mint.Key, error)
	lead  time.Duration
	keep  time.Duration

	mu   sync.Mutex
	ring *rotation.Ring[*mint.Key]
}

// NewKeys returns keys of which first signs. Each that fresh makes is published lead before
// its first use, and each that is replaced is kept keep after its last: as long as a token
// lives.
func NewKeys(first *mint.Key, fresh func() (*mint.Key, error), lead, keep time.Duration) *Keys {
	return &Keys{fresh: fresh, lead: lead, keep: keep, ring: rotation.NewRing(first)}
}

// Lead returns how long a key is published before its first use by default.
func (k *Keys) Lead() time.Duration { return k.lead }

// Keep returns how long a key is published after its last use by default.
func (k *Keys) Keep() time.Duration { return k.keep }

// Rotate publishes a new key, which signs from lead on, and withdraws the others keep later.
// It returns the ID of the new key.
func (k *Keys) Rotate(lead, keep time.Duration) (string, error) {
	key, err := k.fresh()
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return key.ID(), k.ring.Add(key, time.Now(), lead, keep)
}

// Run rotates every period until ctx ends; never, when period is 0.
func (k *Keys) Run(ctx context.Context, period time.Duration) error {
	if period == 0 {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if _, err := k.Rotate(k.lead, k.keep); err != nil {
				return err
			}
		}
	}
}

func (k *Keys) current() *mint.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring.Current(time.Now())
}

func (k *Keys) set() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return mint.JWKS(k.ring.Published(time.Now())...)
}
