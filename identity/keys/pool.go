package keys

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity"
)

// Options are the bounds of a Pool's sources, and whom it tells. Zero values stand for the
// defaults.
type Options struct {
	Interval time.Duration // between two fetches of one source at least; 30 s
	Poll     time.Duration // between two reads of a file; 500 ms
	Timeout  time.Duration // of one fetch, both requests of discovery together; 10 s
	Networks Networks      // where issuers may be beside the addresses that every issuer may have; none
	Changed  func()        // some source has other keys than before
	Report   func(Status)  // a source has a new error, or none any more
}

func (o Options) withDefaults() Options {
	if o.Interval <= 0 {
		o.Interval = 30 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Report == nil {
		o.Report = func(Status) {}
	}
	return o
}

// A Pool holds the sources that are in use. Its functions are called from several goroutines
// at once, and so are those of its Options.
type Pool struct {
	options    Options
	ctx        context.Context // done when the Pool is closed
	cancel     context.CancelFunc
	running    sync.WaitGroup
	generation atomic.Uint64

	mu      sync.Mutex
	sources map[target]*shared
	resting map[target]time.Time // when a source that is stopped began to fetch, if lately
}

// A target is what makes two sources the same one.
type target struct {
	issuer    string
	url       string
	file      string
	discovery bool
	caFile    string
	root      string
}

// A shared source and who uses it.
type shared struct {
	source *source
	leases map[*Lease]bool
}

// NewPool returns a Pool without sources. Close ends it.
func NewPool(o Options) *Pool {
	ctx, cancel := context.WithCancel(context.Background())
	return &Pool{
		options: o.withDefaults(),
		ctx:     ctx,
		cancel:  cancel,
		sources: map[target]*shared{},
		resting: map[target]time.Time{},
	}
}

// Close stops all sources and waits for them. Their last keys stay readable.
func (p *Pool) Close() {
	p.mu.Lock()
	p.cancel()
	p.mu.Unlock()
	p.running.Wait()
}

// Check says what is wrong with a configuration, without doing anything.
func Check(issuer string, from identity.KeySource) error {
	_, _, err := resolve(issuer, from, nil)
	return err
}

// resolve returns what a configuration names.
func resolve(issuer string, from identity.KeySource, allowed Networks) (target, origin, error) {
	t := target{issuer: issuer, url: from.URL, file: from.File, discovery: from.Discovery, caFile: from.CAFile, root: from.Root}
	ca := file{root: t.root, path: t.caFile}
	switch {
	case from.Refresh <= 0 || from.MaxStale <= 0:
		return t, nil, errors.New("no bound on refresh or staleness")
	case from.CAFile != "" && !ca.isBelowRoot():
		return t, nil, errors.New("the CA file has no absolute path below an absolute root")
	}
	switch t {
	case target{issuer: issuer, url: t.url, caFile: t.caFile, root: t.root}:
		if err := checkURL(t.url); err != nil {
			return t, nil, err
		}
		return t, &webOrigin{url: t.url, via: web{ca, allowed}}, nil
	case target{issuer: issuer, discovery: true, caFile: t.caFile, root: t.root}:
		if err := checkURL(issuer); err != nil {
			return t, nil, fmt.Errorf("the issuer: %w", err)
		}
		return t, &discoveryOrigin{issuer: issuer, via: web{ca, allowed}}, nil
	case target{issuer: issuer, file: t.file, root: t.root}:
		o := fileOrigin{root: t.root, path: t.file}
		if !file(o).isBelowRoot() {
			return t, nil, errors.New("the file has no absolute path below an absolute root")
		}
		return t, o, nil
	}
	return t, nil, errors.New("not exactly one of a URL, a file and discovery")
}

// Acquire returns the lease of a source, which is shared with everybody who named the same
// keys, and which is started when nobody did. It does no I/O. The lease has to be released.
func (p *Pool) Acquire(issuer string, from identity.KeySource) (*Lease, error) {
	t, origin, err := resolve(issuer, from, p.options.Networks)
	if err != nil {
		return nil, err
	}
	return p.acquire(t, origin, from)
}

func (p *Pool) acquire(t target, o origin, from identity.KeySource) (*Lease, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return nil, errors.New("closed")
	}
	entry, ok := p.sources[t]
	if !ok {
		entry = &shared{source: p.start(t, o, from.Refresh), leases: map[*Lease]bool{}}
		p.sources[t] = entry
	}
	l := &Lease{pool: p, source: entry.source, refresh: from.Refresh, maxStale: from.MaxStale}
	entry.leases[l] = true
	p.tune(entry)
	return l, nil
}

// start runs a new source. p.mu is held.
func (p *Pool) start(t target, o origin, refresh time.Duration) *source {
	interval := p.options.Interval
	if t.file != "" {
		interval, refresh = p.options.Poll, p.options.Poll
	}
	ctx, cancel := context.WithCancel(p.ctx)
	s := &source{target: t, origin: o, pool: p, cancel: cancel, wake: make(chan struct{}, 1)}
	// A source that comes back counts on from its last fetch: reloads buy no fetches.
	s.schedule = schedule{interval: interval, refresh: refresh, began: p.resting[t]}
	delete(p.resting, t)
	p.running.Go(func() { s.run(ctx) })
	return s
}

// tune gives a source the shortest refresh that someone asks for. p.mu is held.
func (p *Pool) tune(entry *shared) {
	var refresh time.Duration
	for l := range entry.leases {
		if refresh == 0 || l.refresh < refresh {
			refresh = l.refresh
		}
	}
	s := entry.source
	s.mu.Lock()
	if s.target.file == "" {
		s.schedule.refresh = refresh
	}
	s.mu.Unlock()
	s.nudge()
}

// release ends a lease, and the source with its last one.
func (p *Pool) release(l *Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := l.source.target
	entry, ok := p.sources[t]
	if !ok || !entry.leases[l] {
		return
	}
	delete(entry.leases, l)
	if len(entry.leases) > 0 {
		p.tune(entry)
		return
	}
	delete(p.sources, t)
	l.source.cancel()
	p.rest(t, l.source)
}

// rest lets a source begin no more fetches, and remembers when it began the last one, for as
// long as that matters. p.mu is held.
func (p *Pool) rest(t target, s *source) {
	for t, began := range p.resting {
		if time.Since(began) > p.options.Interval {
			delete(p.resting, t)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if !s.schedule.began.IsZero() { // by this source or by the one before it
		p.resting[t] = s.schedule.began
	}
}
