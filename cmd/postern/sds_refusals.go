package main

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/postern/postern/deploy/sds"
)

// refusals logs what Envoy refuses: the first at once, and of those that follow within a while the last
// one with their number. Whoever has the socket can refuse as much as it likes.
type refusals struct {
	log   *zap.Logger
	every time.Duration

	mu    sync.Mutex
	held  bool // a line was written less than a while ago
	more  int  // since then
	which sds.Refusal
}

func (l *refusals) add(r sds.Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		l.more, l.which = l.more+1, r
		return
	}
	l.write(r, 1)
}

// write logs a line, and holds the next back. l.mu is held.
func (l *refusals) write(r sds.Refusal, count int) {
	l.log.Error("Envoy refused its certificate or a bundle, and goes on with what it has", zap.Int("refusals", count),
		zap.Strings("names", r.Names), zap.String("version", r.Version), zap.String("envoy_says", r.Detail))
	l.held, l.more = true, 0
	time.AfterFunc(l.every, l.release)
}

// release lets the next line through, or writes what was held back.
func (l *refusals) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held = false; l.more > 0 {
		l.write(l.which, l.more)
	}
}
