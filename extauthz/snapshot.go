package extauthz

import (
	"sync"
	"sync/atomic"

	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/policy"
)

// A Snapshot is everything one decision depends on. It is never modified: a reload builds
// another and stores it, so that one request sees one policy, one set of bundles and one set
// of keys from first byte to last. A zero Snapshot denies every request.
type Snapshot struct {
	Policy  *policy.Set
	Digest  string // of the documents that Policy was compiled from
	Callers svid.Verifier
	Users   *provider.Set
	Revoked *revocation.List // nil: nobody is cut off

	Assertions *assertion.Signer // nil: a workload that wants assertions gets no request

	RevokedDigest string // of the documents that Revoked was compiled from; "" for none
}

// complete says that nothing is missing without which a refusal would blame the client.
func (s *Snapshot) complete() bool {
	return s != nil && s.Policy != nil && s.Callers.Bundles != nil
}

// Current holds the snapshot that decides now. Its zero value holds none.
type Current struct {
	held atomic.Pointer[Snapshot]
	mu   sync.Mutex // serialises writers
}

// Load returns the snapshot, or nil when there is none yet.
func (c *Current) Load() *Snapshot { return c.held.Load() }

// Update stores a copy of the snapshot that change was applied to. Concurrent updates follow
// one another, so that none undoes another's change.
func (c *Current) Update(change func(*Snapshot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := &Snapshot{}
	if now := c.held.Load(); now != nil {
		*next = *now
	}
	change(next)
	c.held.Store(next)
}
