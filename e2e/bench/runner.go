package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/bench/world"
)

// The servers, as the tables name them.
const (
	noop      = "no-op"
	floor     = "floor"
	floorOne  = "floor, one thread"
	postern   = "Postern"
	norecords = "Postern, no records"
	opa       = "OPA-Envoy"
	verifier  = "one verification" // of a signature, in this process
)

// A runner has what a run needs, and ends it.
type runner struct {
	options
	dir      string
	world    *world.World
	report   *report
	closes   []func()
	fresh    []*subject.Subject        // started, and asked nothing yet
	asked    map[*subject.Subject]bool // what a plan asks
	opaBuilt bool                      // nobody named OPA-Envoy: where it fails it is left out
	terminal bool                      // is where it is told what is under way
}

func (b *runner) close() {
	for i := len(b.closes) - 1; i >= 0; i-- {
		b.closes[i]()
	}
	b.closes = nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// progress says what is under way, in one line of a terminal, which the next overwrites and ""
// clears. Elsewhere lines would pile up.
func (b *runner) progress(format string, args ...any) {
	if b.terminal {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}

// terminal says whether a file is one.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// postern starts the binary on policies of a size.
func (b *runner) postern(ctx context.Context, name, policies, record string) (*subject.Subject, error) {
	return b.keep(subject.Postern(ctx, name, b.options.postern, b.dir, world.Orders, world.Domain+"="+b.world.Bundle, policies, record))
}

func (b *runner) own(ctx context.Context, name string, kind subject.Kind) (*subject.Subject, error) {
	return b.keep(subject.Own(ctx, name, b.dir, kind))
}

// keep ends a subject with the run, and notes what it then had in memory.
func (b *runner) keep(s *subject.Subject, err error) (*subject.Subject, error) {
	if err != nil {
		return nil, err
	}
	b.closes = append(b.closes, func() { s.Kill() })
	b.fresh = append(b.fresh, s)
	return s, nil
}

// settle lets the subjects that were started come to rest, and notes what they then have in
// memory: what is read at start is given back only after a while.
func (b *runner) settle(ctx context.Context) error {
	const most = 15 * time.Second
	if len(b.fresh) > 0 {
		say("up to %v until the servers are at rest", most)
	}
	changed := time.Now()
	for end := changed.Add(most); len(b.fresh) > 0 && time.Since(changed) < b.still && time.Now().Before(end); {
		for _, s := range b.fresh {
			now, _, err := usage.Memory(s.PID())
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			if now != s.Idle {
				s.Idle, changed = now, time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	b.fresh = nil
	return nil
}

// remember notes what the subjects have in memory after all that they were asked. Those that were
// asked nothing are left out.
func (b *runner) remember(subjects ...*subject.Subject) error {
	for _, s := range subjects {
		if !b.asked[s] {
			continue
		}
		now, most, err := usage.Memory(s.PID())
		if err != nil {
			return err
		}
		b.report.Memory = append(b.report.Memory, memory{s.Name, s.Idle, now, most})
	}
	return nil
}

// dial opens the two connections that all loops of a subject share.
func (b *runner) dial(s *subject.Subject) (*load.Checker, error) {
	c, err := load.Dial(s.Socket, 2)
	if err != nil {
		return nil, err
	}
	b.closes = append(b.closes, func() { c.Close() })
	b.asks(s)
	return c, nil
}

// asks notes that a subject is asked something.
func (b *runner) asks(s *subject.Subject) {
	if b.asked == nil {
		b.asked = map[*subject.Subject]bool{}
	}
	b.asked[s] = true
}
