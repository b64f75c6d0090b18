package logout

import (
	"errors"
	"sync"
	"time"
)

// maxSeen bounds how many tokens are remembered: 10 minutes of more logouts than disks take.
const maxSeen = 50_000

var (
	errReplayed = errors.New("jti: the token was here already")
	errTooMany  = errors.New("too many logouts within a few minutes to remember all of them")
)

// seen remembers which tokens were accepted, until they have expired.
type seen struct {
	mu     sync.Mutex
	until  map[[2]string]time.Time // by issuer and jti
	pruned time.Time
}

// add takes a token in, once.
func (s *seen) add(issuer, id string, until, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[[2]string]time.Time{}
	}
	key := [2]string{issuer, id}
	if end, ok := s.until[key]; ok && now.Before(end) {
		return errReplayed
	}
	// Not more often than every second, so that a full memory costs nothing.
	if len(s.until) >= maxSeen && now.Sub(s.pruned).Abs() >= time.Second {
		s.prune(now)
	}
	if len(s.until) >= maxSeen {
		return errTooMany
	}
	s.until[key] = until
	return nil
}

// prune forgets what has expired. s.mu is held.
func (s *seen) prune(now time.Time) {
	s.pruned = now
	for key, end := range s.until {
		if !now.Before(end) {
			delete(s.until, key)
		}
	}
}

// forget lets a token come again, since nothing came of it.
func (s *seen) forget(issuer, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, [2]string{issuer, id})
}
