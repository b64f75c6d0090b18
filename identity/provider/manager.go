package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/provider/kind"
)

// Options say how a Manager works and whom it tells. Zero values stand for the defaults.
type Options struct {
	Kinds    []kind.Kind   // Kinds()
	Interval time.Duration // between two fetches of one issuer's keys at least; 30 s
	Poll     time.Duration // between two reads of a file; 500 ms
	Timeout  time.Duration // of one fetch; 10 s
	Networks keys.Networks // where issuers may be beside the addresses that every issuer may have; none
	// Changed is told each new Set, one after the other and never two at once: by Configure
	// before it returns, and whenever keys have changed. It must call neither Configure nor Run.
	Changed func(*Set)
	// Report is told when a source of keys has a new error, or none any more. It may be called
	// by several goroutines at once.
	Report func(keys.Status)
}

// A Manager keeps the configured providers at work, and a Set of them current.
type Manager struct {
	kinds   []kind.Kind
	changed func(*Set)
	memory  *kind.Memory
	pool    *keys.Pool
	current atomic.Pointer[Set]
	bundles atomic.Pointer[jwtsvid.Bundles]

	mu      sync.Mutex // one change at a time
	entries map[string]*entry
}

// NewManager returns a Manager without providers. Run ends what it starts.
func NewManager(o Options) *Manager {
	m := &Manager{kinds: o.Kinds, changed: o.Changed, memory: kind.NewMemory(kind.DefaultMemory), entries: map[string]*entry{}}
	if m.kinds == nil {
		m.kinds = Kinds()
	}
	if m.changed == nil {
		m.changed = func(*Set) {}
	}
	m.pool = keys.NewPool(keys.Options{
		Interval: o.Interval,
		Poll:     o.Poll,
		Timeout:  o.Timeout,
		Networks: o.Networks,
		Changed:  m.refresh,
		Report:   o.Report,
	})
	m.current.Store(newSet(0, nil))
	return m
}

// Run waits until ctx is done and then stops every source of keys. The last Set stays usable
// until its keys are stale. Configure fails from then on.
func (m *Manager) Run(ctx context.Context) {
	<-ctx.Done()
	m.pool.Close()
}

// Current returns the newest Set; never nil.
func (m *Manager) Current() *Set { return m.current.Load() }

// Configure makes exactly these providers the ones at work. It does no I/O and does not wait
// for keys: an issuer that is down fails its own tokens and nothing else. A provider that did
// not change goes on undisturbed; one that changed keeps its keys, unless it is where they
// come from that changed. On an error nothing changes.
func (m *Manager) Configure(providers []identity.Provider) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(map[string]*entry, len(providers))
	var fresh []*entry
	for _, p := range providers {
		if next[p.Name] != nil {
			return fmt.Errorf("provider %q: there are two", p.Name)
		}
		if old := m.entries[p.Name]; old != nil && reflect.DeepEqual(old.config, p) {
			next[p.Name] = old
			continue
		}
		e, err := m.newEntry(p)
		if err != nil {
			return fmt.Errorf("provider %q: %w", p.Name, err)
		}
		next[p.Name] = e
		fresh = append(fresh, e)
	}
	if err := startAll(fresh); err != nil {
		return err
	}
	for name, old := range m.entries {
		if next[name] != old {
			old.source.Stop()
		}
	}
	m.entries = next
	m.publish()
	return nil
}

// newEntry checks a provider.
func (m *Manager) newEntry(p identity.Provider) (*entry, error) {
	if p.Name == "" {
		return nil, errors.New("no name")
	}
	if err := checkPlace(p.From); err != nil {
		return nil, err
	}
	var e *entry
	for _, k := range m.kinds {
		if !k.Is(p) {
			continue
		}
		if e != nil {
			return nil, fmt.Errorf("both %s and %s", e.kind, k.Name)
		}
		source, err := k.New(p, kind.Env{Keys: m.pool, Bundles: m.bundles.Load, Memory: m.memory})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.Name, err)
		}
		e = &entry{config: p, kind: k.Name, source: source}
	}
	if e == nil {
		return nil, errors.New("of no known kind")
	}
	return e, nil
}

// startAll starts all sources, or none.
func startAll(entries []*entry) error {
	for i, e := range entries {
		err := e.source.Start()
		if err == nil {
			continue
		}
		for _, started := range entries[:i] {
			started.source.Stop()
		}
		return fmt.Errorf("provider %q: %w", e.config.Name, err)
	}
	return nil
}

// Trust makes these the JWT authorities by which JWT-SVIDs are verified from now on. Whatever was
// verified by others is not good any more when it returns.
func (m *Manager) Trust(bundles *jwtsvid.Bundles) {
	m.bundles.Store(bundles)
	m.refresh()
}

// refresh publishes the keys of now.
func (m *Manager) refresh() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.publish()
}

// publish makes a Set of what is at work now, and tells. m.mu is held.
func (m *Manager) publish() {
	set := newSet(len(m.entries), m.memory)
	for name, e := range m.entries {
		prover := e.source.Prover()
		now := &entry{config: e.config, kind: e.kind, source: e.source, prover: prover, matcher: prover}
		now.alone = newPanel(nil, []*entry{now}, nil)
		set.entries[name] = now
	}
	m.current.Store(set)
	m.changed(set)
}
