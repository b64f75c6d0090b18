package keys

import (
	"encoding/hex"
	"net/url"
	"time"

	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/jose"
)

// A Lease is one provider's use of a source.
type Lease struct {
	pool     *Pool
	source   *source
	refresh  time.Duration
	maxStale time.Duration
}

// Release ends the use. The source stops when nobody uses it any more. Releasing twice is
// releasing once.
func (l *Lease) Release() { l.pool.release(l) }

// Set returns the last good keys, however old; nil when there never were any.
func (l *Lease) Set() *Set { return l.source.set.Load() }

// Fresh says whether the last good fetch is recent enough at the time at for its keys to be
// used. It takes no lock.
func (l *Lease) Fresh(at time.Time) bool {
	good := l.source.good.Load()
	return good != nil && age.Since(*good, at) <= l.maxStale
}

// Want says whether it is still open if the issuer has a key with this kid, which Set does
// not have: then a fetch is under way or will begin as soon as may be, and wait is how many
// seconds a client does well to wait for it, at least 1. Otherwise the issuer was asked, and
// has none. Want never waits itself. It is for tokens that could be the issuer's, not for
// garbage.
func (l *Lease) Want(kid string) (wait int, pending bool) {
	s := l.source
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	// Twice the interval, so that a kid that is nobody's does not ask each time it may.
	fresh := now.Before(s.schedule.began.Add(2 * s.schedule.interval))
	if !s.wanted.ask(kid, fresh) {
		return 0, false
	}
	if s.wanted.covered(kid) {
		return 1, true
	}
	s.nudge()
	return ceil(s.schedule.due(s.wanted.open()).Sub(now)), true
}

// Wait is for when there are no keys that are fresh: it asks for a fetch as soon as may be, and
// returns how many seconds a client does well to wait for it, at least 1.
func (l *Lease) Wait() int {
	s := l.source
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted.flying {
		return 1
	}
	s.wanted.urgent = true
	s.nudge()
	return ceil(time.Until(s.schedule.due(true)))
}

// ceil returns d in whole seconds, rounded up, and one more for the fetch itself.
func ceil(d time.Duration) int {
	return 1 + int((max(d, 0)+time.Second-1)/time.Second)
}

// A Status says how a source is, for whoever operates Postern. It holds no secret: of a URL
// neither query nor password.
type Status struct {
	Issuer     string    `json:"issuer"`
	From       string    `json:"from"` // the URL, the path of the file, or "discovery"
	Keys       int       `json:"keys"`
	KeyIDs     []string  `json:"key_ids"`
	Skipped    []Skipped `json:"skipped,omitempty"`
	Generation uint64    `json:"generation"`          // 0 when there never were keys
	Digest     string    `json:"digest,omitempty"`    // of the keys, hexadecimal
	FetchedAt  time.Time `json:"fetched_at,omitzero"` // when the last good fetch began
	NextFetch  time.Time `json:"next_fetch,omitzero"` // when the next begins at the latest
	Error      string    `json:"error,omitempty"`     // of the last fetch; "" when it was good
	ErrorAt    time.Time `json:"error_at,omitzero"`   // when that was
	Forbidden  bool      `json:"-"`                   // the error is ErrAddress
	Fetched    uint64    `json:"fetched"`             // good fetches, counted at their end
	Failures   uint64    `json:"failures"`            // failed ones, counted at their end
}

// Skipped is a key that the issuer publishes and that is never used.
type Skipped struct {
	KeyID string `json:"key_id"`
	Why   string `json:"why"`
}

// Status returns how the source is now.
func (l *Lease) Status() Status {
	l.source.mu.Lock()
	defer l.source.mu.Unlock()
	return l.source.statusLocked()
}

// statusLocked returns the status; s.mu is held.
func (s *source) statusLocked() Status {
	st := Status{
		Issuer:    s.target.issuer,
		From:      s.target.shown(),
		NextFetch: s.schedule.due(s.wanted.open()),
		Error:     s.err,
		ErrorAt:   s.errAt,
		Forbidden: s.forbidden,
		Fetched:   s.fetched,
		Failures:  s.failures,
	}
	if good := s.good.Load(); good != nil {
		st.FetchedAt = good.Round(0) // or subtracting from it would leave out what a machine slept
	}
	set := s.set.Load()
	if set == nil {
		return st
	}
	digest := set.Keys.Digest()
	st.Keys, st.KeyIDs, st.Skipped = set.Keys.Len(), set.Keys.KeyIDs(), shownSkipped(set.Keys)
	st.Generation, st.Digest = set.Generation, hex.EncodeToString(digest[:])
	return st
}

func shownSkipped(keys *jose.KeySet) []Skipped {
	var shown []Skipped
	for _, s := range keys.Skipped() {
		shown = append(shown, Skipped(s))
	}
	return shown
}

// shown returns a text for the target that is fit for a log.
func (t target) shown() string {
	switch {
	case t.discovery:
		return "discovery"
	case t.file != "":
		return t.file
	}
	u, err := url.Parse(t.url)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
