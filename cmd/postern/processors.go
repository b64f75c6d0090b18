package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// processors is how many threads of Go's run at once (GOMAXPROCS): one while that is enough, since with
// more each check wakes several, which costs more than the check. With one in flight that halves what it
// costs. Whoever sets GOMAXPROCS knows better.
type processors struct {
	one, all func()               // set one, or as many as there are
	used     func() time.Duration // the CPU time of this process

	mu    sync.Mutex
	free  bool // the start is over
	holds int  // somebody has long work to do, beside which checks are to go on
	busy  bool // one was not enough lately
	alone bool // it is one now
}

// The time between two looks at the load; the load that needs more than one processor, or again only
// one, in parts of a processor; and how many looks in a row must say the latter.
const (
	lookAtLoad = 100 * time.Millisecond
	muchLoad   = 0.8
	littleLoad = 0.5
	calmLooks  = 30
)

func newProcessors() *processors {
	p := &processors{
		one:  func() { runtime.GOMAXPROCS(1) },
		all:  runtime.SetDefaultGOMAXPROCS, // follows the limit of the container
		used: cpuTime,
	}
	if n, err := strconv.Atoi(os.Getenv("GOMAXPROCS")); err == nil && n > 0 { // else Go ignores it, too
		p.one, p.all = func() {}, func() {}
	}
	return p
}

// hold gives work all processors until it is released.
func (p *processors) hold() (release func()) {
	p.change(func() { p.holds++ })
	return sync.OnceFunc(func() { p.change(func() { p.holds-- }) })
}

// change changes what p knows, and sets what follows from it.
func (p *processors) change(what func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what()
	switch alone := p.free && p.holds == 0 && !p.busy; {
	case alone == p.alone:
	case alone:
		p.alone = true
		p.one()
	default:
		p.alone = false
		p.all()
	}
}

// run follows the load until ctx is done.
func (p *processors) run(ctx context.Context) error {
	ticker := time.NewTicker(lookAtLoad)
	defer ticker.Stop()
	p.follow(ctx.Done(), ticker.C)
	return nil
}

// follow looks at the load at each tick.
func (p *processors) follow(done <-chan struct{}, ticks <-chan time.Time) {
	p.change(func() { p.free = true })
	defer p.change(func() { p.free = false }) // the end has all it can get
	var l load
	for {
		select {
		case <-done:
			return
		case now := <-ticks:
			busy := l.look(now, p.used(), p.busy)
			p.change(func() { p.busy = busy })
		}
	}
}

// A load is what was seen of it.
type load struct {
	last time.Time
	used time.Duration // until then
	calm int           // looks in a row that saw little
}

// look says whether one processor is not enough, which it was not before if busy.
func (l *load) look(now time.Time, used time.Duration, busy bool) bool {
	part := float64(used-l.used) / float64(now.Sub(l.last))
	first := l.last.IsZero()
	l.last, l.used = now, used
	if l.calm++; first || part > littleLoad {
		l.calm = 0
	}
	switch {
	case first:
		return busy
	case part > muchLoad:
		return true
	default:
		return busy && l.calm < calmLooks
	}
}
