package logout

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/postern/postern/identity/reason"
)

// A late logout is one whose keys were not there in time: its provider was told to send it again, and
// few do. So it is tried again here, for as long as its keys may come. Nobody has vouched for it
// until then, so strangers may have sent it: there is room for more of them than come in that time,
// and each costs no more than to be read.
const (
	maxLate      = 4096
	maxLateBytes = 8 << 20
	lateFor      = 90 * time.Second // twice as long as a fetch of keys can be put off, and some
	latePause    = time.Second / 2
)

// late is the logouts that are tried again, each once however often it comes.
type late struct {
	mu     sync.Mutex
	tokens map[[sha256.Size]byte]lateToken
	bytes  int
}

type lateToken struct {
	raw   string
	since time.Time
}

// add takes a token in, if there is room. By the real clock: what the tokens say has another.
func (l *late) add(raw string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := sha256.Sum256([]byte(raw))
	if _, known := l.tokens[key]; known || len(l.tokens) >= maxLate || l.bytes+len(raw) > maxLateBytes {
		return
	}
	if l.tokens == nil {
		l.tokens = map[[sha256.Size]byte]lateToken{}
	}
	l.tokens[key] = lateToken{raw, time.Now()}
	l.bytes += len(raw)
}

// all returns those that wait.
func (l *late) all() []lateToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]lateToken, 0, len(l.tokens))
	for _, t := range l.tokens {
		list = append(list, t)
	}
	return list
}

func (l *late) remove(t lateToken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tokens, sha256.Sum256([]byte(t.raw)))
	l.bytes -= len(t.raw)
}

// wantsKeys says that a token may be good once there are other keys.
func wantsKeys(err error) bool {
	code := reason.Of(err)
	return code == reason.KeysPending || code == reason.KeysUnavailable
}

// Run tries logouts again whose keys were not there, until ctx is done: write and done are as of
// Handler, and the outcome of each is Late. One whose keys never come is said not to be taken.
func (r *Receiver) Run(ctx context.Context, write func(context.Context, Logout) error, done func(Outcome)) {
	tick := time.NewTicker(latePause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, t := range r.late.all() {
				r.late.remove(t)
				done(Outcome{Status: http.StatusServiceUnavailable, Err: ctx.Err(), Late: true})
			}
			return
		case <-tick.C:
		}
		for _, t := range r.late.all() {
			if o, settled := r.again(ctx, t, write); settled {
				r.late.remove(t)
				done(o)
			}
		}
	}
}

// again tries one again. It is not settled while its keys may yet come.
func (r *Receiver) again(ctx context.Context, t lateToken, write func(context.Context, Logout) error) (o Outcome, settled bool) {
	l, _, err := r.Verify(t.raw)
	if wantsKeys(err) {
		return Outcome{Status: http.StatusServiceUnavailable, Err: err, Late: true}, time.Since(t.since) > lateFor
	}
	if err != nil {
		return Outcome{Status: http.StatusBadRequest, Err: err, Late: true}, true
	}
	if err := write(ctx, l); err != nil {
		r.Forget(l)
		return Outcome{Status: http.StatusServiceUnavailable, Logout: l, Err: err, Late: true}, time.Since(t.since) > lateFor
	}
	r.seen.taken(l.issuer, l.ID)
	return Outcome{Status: http.StatusOK, Logout: l, Late: true}, true
}
