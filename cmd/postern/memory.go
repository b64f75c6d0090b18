package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"go.uber.org/zap"
)

// garbage is how much may lie on the heap before it is collected, beside what is in use: collecting
// costs by what is in use, so with little it would be collected all the time. mostGarbage bounds it as
// a part of what is in use, in per cent; at least as much as is in use may lie there, as by default.
const (
	garbage     = 24 << 20 // bytes
	mostGarbage = 400
)

// tuneGarbage sets when garbage is collected next, by what is in use, and does so again after each
// collection. Who sets GOGC knows better.
func tuneGarbage() {
	if os.Getenv("GOGC") == "" {
		c := &collections{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, tune: func(percent int) { debug.SetGCPercent(percent) }}
		c.next()
	}
}

// collections is told of each collection, as garbage that nobody refers to.
type collections struct {
	live []metrics.Sample
	tune func(percent int)
}

func (c *collections) next() {
	metrics.Read(c.live)
	if c.live[0].Value.Kind() == metrics.KindUint64 {
		c.tune(percentOf(c.live[0].Value.Uint64()))
	}
	runtime.SetFinalizer(c, (*collections).next)
}

// percentOf returns the part of what is in use, in per cent, that may lie there as garbage.
func percentOf(live uint64) int {
	return int(min(max(100*garbage/max(1, live), 100), mostGarbage))
}

// settle gives back the memory that only the start took, and tunes what is left.
func (s *sidecar) settle() {
	debug.FreeOSMemory()
	tuneGarbage()
	if err := releaseProgram(); err != nil {
		s.log.Debug("the memory of the start is not given back", zap.Error(err))
	}
}
