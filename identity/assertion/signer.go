package assertion

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Lifetime is how long an assertion is valid: as long as it may take the workload to look
	// at it, and no longer than it can wait for the next one.
	Lifetime = 30 * time.Second

	// Turn is how long one key signs.
	Turn = 12 * time.Hour

	// Stay is how long a key is published after its last use.
	Stay = time.Hour

	// MaxSize is how many bytes an assertion may have: few servers take more header than this.
	MaxSize = 16 << 10
)

// The faults of claims.
var (
	// ErrTooLarge says that the assertion would have more than MaxSize bytes.
	ErrTooLarge = fmt.Errorf("the assertion would have more than %d bytes", MaxSize)

	// ErrNotText says that a text is not UTF-8, which no JSON can hold.
	ErrNotText = errors.New("a text of the assertion is not UTF-8")
)

// A Signer signs assertions. It is safe for concurrent use, and signing takes no lock. A nil or
// zero Signer has no key and signs nothing.
type Signer struct {
	held    atomic.Pointer[ring]
	turning sync.Mutex
}

// A ring is the keys of one turn. It is immutable.
type ring struct {
	signs, next *key
	turn        time.Time // from when on next signs
	last        *key      // the one before signs; nil for none
	gone        time.Time // from when on last is not published
}

// New returns a Signer with keys of its own.
func New(now time.Time) (*Signer, error) {
	signs, err := newKey()
	if err != nil {
		return nil, err
	}
	next, err := newKey()
	if err != nil {
		return nil, err
	}
	s := &Signer{}
	s.held.Store(&ring{signs: signs, next: next, turn: now.Add(Turn)})
	return s, nil
}

// Sign returns the assertion of claims, as a compact JWS. It never waits. The error is
// ErrTooLarge, ErrNotText, or that there is no key; it holds no part of the claims.
func (s *Signer) Sign(c *Claims, now time.Time) (string, error) {
	r := s.ring(now)
	if r == nil {
		return "", errors.New("there is no key for assertions")
	}
	payload, err := c.payload(now)
	if err != nil {
		return "", err
	}
	if r.signs.size(len(payload)) > MaxSize {
		return "", ErrTooLarge
	}
	return r.signs.sign(payload)
}

// JWKS returns the public keys (RFC 7517 section 5): those that verify every assertion that is
// valid, and the one that signs next.
func (s *Signer) JWKS(now time.Time) []byte {
	set := []byte(`{"keys":[`)
	if r := s.ring(now); r != nil {
		set = append(append(append(set, r.signs.jwk...), ','), r.next.jwk...)
		if r.last != nil && now.Before(r.gone) {
			set = append(append(set, ','), r.last.jwk...)
		}
	}
	return append(set, "]}\n"...)
}

// ring returns the keys, and turns them when it is time. While another does, or where no new key
// can be made, those of the last turn still sign: they are published.
func (s *Signer) ring(now time.Time) *ring {
	if s == nil {
		return nil
	}
	r := s.held.Load()
	if r == nil || now.Before(r.turn) || !s.turning.TryLock() {
		return r
	}
	defer s.turning.Unlock()
	if r = s.held.Load(); now.Before(r.turn) {
		return r
	}
	next, err := newKey()
	if err != nil {
		return r
	}
	turned := &ring{signs: r.next, next: next, turn: now.Add(Turn), last: r.signs, gone: now.Add(Stay)}
	s.held.Store(turned)
	return turned
}
