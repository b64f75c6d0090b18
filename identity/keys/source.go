package keys

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity/jose"
)

// A Set is the keys of one source at one time. It is immutable.
type Set struct {
	Keys       *jose.KeySet
	Generation uint64 // no two sets of one Pool share it
}

// A source keeps the keys of one target current.
type source struct {
	target target
	origin origin
	pool   *Pool
	cancel context.CancelFunc
	wake   chan struct{} // holds 1: the plan may have changed

	set  atomic.Pointer[Set]       // nil until the first good fetch
	good atomic.Pointer[time.Time] // when the last good fetch began; nil before

	mu       sync.Mutex // guards what follows, and is never held across I/O
	stopped  bool       // no fetch may begin any more
	schedule schedule
	wanted   wanted
	err      string // what is wrong since the last good fetch; "" when nothing is
	errAt    time.Time
	body     [sha256.Size]byte // of the last good fetch
	fetched  uint64            // good fetches, counted at their end
	failures uint64            // failed ones, too

	forbidden bool // err is ErrAddress
}

// run fetches until ctx is done.
func (s *source) run(ctx context.Context) {
	for s.wait(ctx) {
		s.fetch(ctx)
	}
}

// wait returns true when the next fetch is due, and false when ctx is done.
func (s *source) wait(ctx context.Context) bool {
	for {
		s.mu.Lock()
		left := time.Until(s.schedule.due(s.wanted.open()))
		s.mu.Unlock()
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return false
		}
	}
}

// fetch tries once to get the keys.
func (s *source) fetch(ctx context.Context) {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	began := time.Now()
	asked := s.wanted.open()
	s.wanted.begin(s.schedule.begin(began))
	s.mu.Unlock()
	if asked { // a key is missing that there should be: do not take "unchanged" for an answer
		s.origin.forget()
	}

	limited, cancel := context.WithTimeout(ctx, s.pool.options.Timeout)
	defer cancel()
	body, keys, err := s.read(limited)
	if ctx.Err() != nil {
		return // being stopped is no failure
	}
	if err != nil { // or a broken answer with an entity tag would be confirmed for ever
		s.origin.forget()
	}
	if s.finish(began, body, keys, err) {
		s.pool.options.Changed()
	}
}

// read fetches and parses. The keys are nil when the text is the last one's.
func (s *source) read(ctx context.Context) (body [sha256.Size]byte, keys *jose.KeySet, err error) {
	defer func() { // an issuer that finds a fault of ours must not end the process
		if r := recover(); r != nil {
			keys, err = nil, errors.New("a fault of our own while reading the keys")
		}
	}()
	text, err := s.origin.fetch(ctx)
	if err != nil {
		return body, nil, err
	}
	body = sha256.Sum256(text)
	s.mu.Lock()
	same := s.set.Load() != nil && body == s.body
	s.mu.Unlock()
	if same {
		return body, nil, nil
	}
	keys, err = jose.ParseKeySet(text)
	return body, keys, err
}

// finish notes what came of a fetch and says whether the keys are others now.
func (s *source) finish(began time.Time, body [sha256.Size]byte, keys *jose.KeySet, err error) bool {
	s.mu.Lock()
	before := s.err
	s.forbidden = errors.Is(err, ErrAddress)
	s.schedule.end(err == nil)
	s.wanted.end(err == nil)
	changed := false
	if err != nil {
		s.err, s.errAt = printable(err), time.Now()
		s.failures++
	} else {
		s.err, s.errAt, s.body = "", time.Time{}, body
		s.fetched++
		changed = s.replace(keys)
		s.good.Store(&began)
	}
	status := s.statusLocked()
	s.mu.Unlock()
	if status.Error != before {
		s.pool.options.Report(status)
	}
	return changed
}

// replace stores keys, which are nil when the text was the last one's, and says whether they
// verify other tokens than before.
func (s *source) replace(keys *jose.KeySet) bool {
	last := s.set.Load()
	switch {
	case keys == nil:
		return false
	case last != nil && last.Keys.Digest() == keys.Digest():
		s.set.Store(&Set{Keys: keys, Generation: last.Generation}) // what was skipped may differ
		return false
	}
	s.set.Store(&Set{Keys: keys, Generation: s.pool.generation.Add(1)})
	return true
}

// nudge makes wait look at the plan again.
func (s *source) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// printable returns the text of an error in printable ASCII, cut off: an issuer may have
// written some of it.
func printable(err error) string {
	text := []byte(err.Error())
	text = text[:min(len(text), maxError)]
	for i, c := range text {
		if c < ' ' || c > '~' {
			text[i] = '?'
		}
	}
	return string(text)
}
