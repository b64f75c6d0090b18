package logout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/reason"
)

// MaxToken is how many bytes a logout token may have.
const MaxToken = 16 << 10

// A Receiver verifies logout tokens of several providers with keys that a Pool keeps current. Verify
// and Handler are for many goroutines, Configure for one.
type Receiver struct {
	pool    *keys.Pool
	clients map[string]string // the client's id by the name of the provider
	now     func() time.Time
	current atomic.Pointer[[]*sender]
	seen    seen
	late    late

	patience time.Duration // how long a POST waits for keys
}

// A sender is one provider whose logouts are received.
type sender struct {
	*Verifier
	lease *keys.Lease
}

// NewReceiver returns a Receiver for the clients, by the names of the providers that know them. It
// takes no token before Configure. now is the clock.
func NewReceiver(pool *keys.Pool, clients map[string]string, now func() time.Time) *Receiver {
	r := &Receiver{pool: pool, clients: maps.Clone(clients), now: now, patience: patience}
	r.current.Store(&[]*sender{})
	return r
}

// Configure takes those of the providers that have a client. It is an error if one that has is not
// among them, or cannot send logouts; then nothing changes. Keys live on while who uses them does.
func (r *Receiver) Configure(providers []identity.Provider) error {
	var next []*sender
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(r.clients)) {
		i := slices.IndexFunc(providers, func(p identity.Provider) bool { return p.Name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("no IdentityProvider is named %s", name))
			continue
		}
		verifier, err := NewVerifier(providers[i], r.clients[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lease, err := r.pool.Acquire(providers[i].JWT.Issuer, providers[i].JWT.Keys)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		next = append(next, &sender{verifier, lease})
	}
	err := errors.Join(errs...)
	last := next
	if err == nil {
		last = *r.current.Swap(&next)
	}
	for _, s := range last {
		s.lease.Release()
	}
	return err
}

// Verify returns what a logout token says, once: the same token again is an error until it has
// expired, unless Forget says that nothing came of it. The error is a *reason.Error that holds no part
// of the token; where its Code is Unavailable, the token may be good, and wait is in how many seconds
// the provider does well to send it again.
func (r *Receiver) Verify(raw string) (l Logout, wait int, err error) {
	token, err := jose.Parse(raw, MaxToken)
	if err != nil {
		return Logout{}, 0, err
	}
	now := r.now()
	err = reason.Errorf(reason.TokenIssuer, "iss is no issuer, or aud no client, that logouts are received for")
	for _, s := range *r.current.Load() {
		if !s.Addresses(token) {
			continue
		}
		var one Logout
		one, wait, err = s.verify(token, now)
		if err != nil {
			return Logout{}, wait, err // what one of an issuer's providers refuses, none takes
		}
		one.Providers = append(l.Providers, one.Providers...)
		one.Lasting = max(l.Lasting, one.Lasting)
		if one.until.Before(l.until) {
			one.until = l.until
		}
		l = one
	}
	if err != nil {
		return Logout{}, 0, err
	}
	switch err := r.seen.add(l.issuer, l.ID, l.until, now); {
	case errors.Is(err, errTooMany):
		return Logout{}, retryAfter, reason.Errorf(reason.Overloaded, "%w", err)
	case err != nil:
		return Logout{}, 0, reason.Errorf(reason.TokenClaims, "%w", err)
	}
	return l, 0, nil
}

// verify adds to Verifier.Verify what is known of the keys.
func (s *sender) verify(token *jose.Token, now time.Time) (Logout, int, error) {
	l, err := s.Verify(token, s.lease.Keys(now), now)
	wait, err := s.lease.Await(err, token.KeyID())
	return l, wait, err
}

// Forget lets the token of a Logout come again, for nothing came of it.
func (r *Receiver) Forget(l Logout) { r.seen.forget(l.issuer, l.ID) }
