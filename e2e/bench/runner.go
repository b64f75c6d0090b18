package main

import (
	"context"
	"errors"
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
	fresh    []*subject.Subject // started, and asked nothing yet
	terminal bool               // is where it is told what is under way
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

// remember notes what the subjects have in memory after all that they were asked.
func (b *runner) remember(subjects ...*subject.Subject) error {
	for _, s := range subjects {
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
	return c, nil
}

// A plan is a cell of the tables together with how a round of it is run.
type plan struct {
	*cell
	warm bool // runs a short round first
	run  func(ctx context.Context, limit time.Duration, round int) (load.Round, error)
}

// measure runs the rounds of all plans in turn. A round that fails ends the run, but for
// OPA-Envoy's: then the run goes on without it.
func (b *runner) measure(ctx context.Context, plans []plan) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	gone := false
	for n := -1; n < b.rounds; n++ {
		limit := b.round
		for i, p := range plans {
			if n < 0 {
				limit = b.round / 4
			}
			if gone && p.Server == opa || n < 0 && !p.warm {
				continue
			}
			if i == 0 && !b.terminal {
				say("round %d of %d", n+1, b.rounds) // 0 warms up
			}
			b.progress("bench: round %d of %d, %d of %d: %s, %s, %s ", n+1, b.rounds, i+1, len(plans), p.Part, p.Case, p.Server)
			r, err := p.run(ctx, limit, max(n, 0))
			if err = errors.Join(err, ctx.Err()); err != nil {
				err = fmt.Errorf("%s, %s, %s: %w", p.Part, p.Case, p.Server, err)
				if p.Server != opa || ctx.Err() != nil {
					b.progress("")
					return err
				}
				gone = true
				b.report.note("%s is left out: %v", opa, err)
				continue
			}
			if n >= 0 {
				p.Rounds = append(p.Rounds, r)
			}
		}
	}
	b.progress("")
	for _, p := range plans {
		if !gone || p.Server != opa {
			b.report.Cells = append(b.report.Cells, *p.cell)
		}
	}
	return nil
}
