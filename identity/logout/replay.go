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
	errTaken    = errors.New("jti: the token was here already, and was taken after its provider was told to send it again")
	errTooMany  = errors.New("too many logouts within a few minutes to remember all of them")
)

// seen remembers which tokens were accepted, until they have expired.
type seen struct {
	mu     sync.Mutex
	tokens map[[2]string]accepted // by issuer and jti
	pruned time.Time
}

// An accepted token is remembered until it is refused for its age.
type accepted struct {
	until time.Time
	late  bool // its provider was told to send it again, and it was taken meanwhile
}

// add takes a token in, once.
func (s *seen) add(issuer, id string, until, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		s.tokens = map[[2]string]accepted{}
	}
	key := [2]string{issuer, id}
	if before, ok := s.tokens[key]; ok && now.Before(before.until) {
		if before.late {
			return errTaken
		}
		return errReplayed
	}
	// Not more often than every second, so that a full memory costs nothing.
	if len(s.tokens) >= maxSeen && now.Sub(s.pruned).Abs() >= time.Second {
		s.prune(now)
	}
	if len(s.tokens) >= maxSeen {
		return errTooMany
	}
	s.tokens[key] = accepted{until: until}
	return nil
}

// prune forgets what has expired. s.mu is held.
func (s *seen) prune(now time.Time) {
	s.pruned = now
	for key, token := range s.tokens {
		if !now.Before(token.until) {
			delete(s.tokens, key)
		}
	}
}

// taken says that a token was taken after its provider was told to send it again, so that it is good
// when it comes.
func (s *seen) taken(issuer, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{issuer, id}
	if token, ok := s.tokens[key]; ok {
		token.late = true
		s.tokens[key] = token
	}
}

// forget lets a token come again, since nothing came of it.
func (s *seen) forget(issuer, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, [2]string{issuer, id})
}
