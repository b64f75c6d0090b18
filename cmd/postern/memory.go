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
// the text and the new one.
const (
	garbageLoading     = 8 << 20
	mostGarbageLoading = 25 // at least
)

// A heap sets when garbage is collected next, by what is in use. Its zero value leaves that to Go.
type heap struct {
	mu      sync.Mutex
	tune    func(percent int)
	loading bool
}

// tuneGarbage begins, and goes on after each collection. Who sets GOGC knows better.
func (h *heap) tuneGarbage(tune func(percent int)) {
	if os.Getenv("GOGC") != "" {
		return
	}
	h.mu.Lock()
	h.tune = tune
	h.mu.Unlock()
	(&collections{h}).next()
}

// load says that much is loaded, until it is done.
func (h *heap) load() (done func()) {
	h.is(true)
	return func() { h.is(false) }
}

func (h *heap) is(loading bool) {
	h.mu.Lock()
	h.loading = loading
	h.mu.Unlock()
	h.set()
}

func (h *heap) set() {
	h.mu.Lock()
	defer h.mu.Unlock()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	switch v := live[0].Value; {
	case h.tune == nil || v.Kind() != metrics.KindUint64:
	case h.loading:
		h.tune(percentOf(v.Uint64(), garbageLoading, mostGarbageLoading))
	default:
		h.tune(percentOf(v.Uint64(), garbage, 100))
	}
}

// collections is told of each collection, as garbage that nobody refers to.
type collections struct{ heap *heap }

func (c *collections) next() {
	c.heap.set()
	runtime.SetFinalizer(c, (*collections).next)
}

// percentOf returns the part of what is in use, in per cent, that may lie there as garbage: so many
// bytes, and at least so much.
func percentOf(live, garbage, least uint64) int {
	return int(min(max(100*garbage/max(1, live), least), mostGarbage))
}

// settle gives back the memory that only the start took, and tunes what is left.
func (s *sidecar) settle() {
	debug.FreeOSMemory()
	s.policy.heap.tuneGarbage(func(percent int) { debug.SetGCPercent(percent) })
	if err := releaseProgram(); err != nil {
		s.log.Debug("the memory of the start is not given back", zap.Error(err))
	}
}
