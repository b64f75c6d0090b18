package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"go.uber.org/zap"
)

// garbage is how much may lie on the heap before it is collected, beside what is in use: collecting
// costs by what is in use, so with little it would be collected all the time. mostGarbage bounds it as
// a part of what is in use, in per cent; at least as much as is in use may lie there, as by default.
const (
	garbage     = 24 << 20 // bytes
	mostGarbage = 400
)

// The same while much is loaded: then more is in use than ever else, both policies and what is between
// the text and the new one. At the start it is the least: memory grows most then, and nobody waits for an
// answer yet.
const (
	garbageLoading      = 8 << 20
	leastGarbageLoading = 25
)

// A heap sets when garbage is collected next, by what is in use. Its zero value leaves that to Go.
type heap struct {
	mu      sync.Mutex
	tune    func(percent int)
	serving bool // the start is over
	loads   bool // much is loaded
}

// tuneGarbage begins with the start, and goes on after each collection. Who sets GOGC knows better.
func (h *heap) tuneGarbage(tune func(percent int)) {
	if os.Getenv("GOGC") != "" {
		return
	}
	h.mu.Lock()
	h.tune = tune
	h.mu.Unlock()
	(&collections{h}).next()
}

// serve says that the start is over.
func (h *heap) serve() { h.set(func() { h.serving = true }) }

// largeLoad is how many bytes of policies must be parsed to be worth a collection: checks that go on
// beside one wait for it.
const largeLoad = 256 << 10

// A parsing is how much is parsed to load policies.
type parsing struct {
	heap  *heap
	bytes int
}

func (p *parsing) large() bool { return p.bytes > largeLoad }

// add counts bytes that were parsed, or are next.
func (p *parsing) add(bytes int) {
	before := p.large()
	if p.bytes += bytes; p.large() && !before { // to set it stops the world
		p.heap.set(func() { p.heap.loads = true })
	}
}

// done says that the policies are in force or refused. What much loading needed beside what is kept goes
// back at once: a sidecar is mostly idle, so that the collector would come late, and its memory is paid
// for in every pod.
func (p *parsing) done() {
	if p.large() {
		p.heap.set(func() { p.heap.loads = false })
		go debug.FreeOSMemory()
	}
}

// set changes what h knows, and sets what follows from that and from what is in use.
func (h *heap) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	switch v := live[0].Value; {
	case h.tune == nil || v.Kind() != metrics.KindUint64:
	case !h.serving:
		h.tune(leastGarbageLoading)
	case h.loads:
		h.tune(percentOf(v.Uint64(), garbageLoading, leastGarbageLoading))
	default:
		h.tune(percentOf(v.Uint64(), garbage, 100))
	}
}

// collections is told of each collection, as garbage that nobody refers to.
type collections struct{ heap *heap }

func (c *collections) next() {
	c.heap.set(func() {})
	runtime.SetFinalizer(c, (*collections).next)
}

// percentOf returns the part of what is in use, in per cent, that may lie there as garbage: so many
// bytes, and at least so much.
func percentOf(live, garbage, least uint64) int {
	return int(min(max(100*garbage/max(1, live), least), mostGarbage))
}

// settle gives back the memory that only the start took.
func (s *sidecar) settle() {
	debug.FreeOSMemory()
	s.policy.heap.serve()
	if err := releaseProgram(); err != nil {
		s.log.Debug("the memory of the start is not given back", zap.Error(err))
	}
}
