package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/postern/postern/e2e/bench/load"
)

// A plan is a cell of the tables together with how a round of it is run.
type plan struct {
	*cell
	warm bool // runs a short round first
	run  func(ctx context.Context, limit time.Duration, round int) (load.Round, error)
}

// measure runs the rounds of all plans in turn. A round that fails ends the run, but for that of
// an OPA-Envoy that nobody named: the run goes on without it. Growth is measured on without the
// cell, and the error comes when all others are measured.
func (b *runner) measure(ctx context.Context, plans []plan) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	defer b.progress("")
	gone := map[*cell]bool{}
	var failed []error
	for n := -1; n < b.rounds; n++ {
		what, limit := fmt.Sprintf("round %d of %d", n+1, b.rounds), b.round
		if n < 0 {
			what, limit = "warming up", b.round/4
		}
		if !b.terminal {
			say("%s", what)
		}
		for i, p := range plans {
			if gone[p.cell] || n < 0 && !p.warm {
				continue
			}
			b.progress("bench: %s, %d of %d: %s ", what, i+1, len(plans), p.cell)
			r, err := p.run(ctx, limit, max(n, 0))
			switch {
			case err == nil && ctx.Err() == nil:
				if n >= 0 {
					p.Rounds = append(p.Rounds, r)
				}
				continue
			case ctx.Err() != nil:
				return errors.Join(err, ctx.Err())
			case p.Server == opa && b.opaBuilt:
				leaveOut(gone, plans, func(c *cell) bool { return c.Server == opa })
				b.report.note("%s is left out: %s: %v", opa, p.cell, err)
			case b.options.grow:
				gone[p.cell] = true
				failed = append(failed, fmt.Errorf("%s: %w", p.cell, err))
				b.report.note("%s failed, and is left out: %v", p.cell, err)
			default:
				return fmt.Errorf("%s: %w", p.cell, err)
			}
		}
	}
	b.done(plans, gone)
	return failure(failed)
}

func leaveOut(gone map[*cell]bool, plans []plan, matches func(*cell) bool) {
	for _, p := range plans {
		gone[p.cell] = gone[p.cell] || matches(p.cell)
	}
}

// done puts the cells into the report, and says what was shed.
func (b *runner) done(plans []plan, gone map[*cell]bool) {
	for _, p := range plans {
		if gone[p.cell] {
			continue
		}
		b.report.Cells = append(b.report.Cells, *p.cell)
		answers, shed := 0, 0
		for _, r := range p.Rounds {
			answers, shed = answers+r.Answers, shed+r.Shed
		}
		if shed > 0 {
			b.report.note("%s: %d of %d checks were shed (overloaded)", p.cell, shed, answers)
		}
	}
}

// failure is nil for no errors. The notes have them all.
func failure(all []error) error {
	if len(all) < 2 {
		return errors.Join(all...)
	}
	return fmt.Errorf("%d cells failed, the first of them: %w", len(all), all[0])
}
