// Package load asks one server in a closed loop, so many questions in flight, and tells what
// that cost the processes that answered. It checks every answer: a benchmark that measures
// wrong answers measures nothing.
package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postern/postern/e2e/bench/sample"
	"github.com/postern/postern/e2e/bench/usage"
)

// A Round is what came of one round.
type Round struct {
	Answers int           `json:"answers"`
	Shed    int           `json:"shed,omitempty"` // of the answers: see Limit.Shed
	CPU     time.Duration `json:"cpu_ns"`         // of the processes that answered, for each answer
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p999_ns"`
}

// A Loop asks its n-th question and waits for the answer. One goroutine has it at a time.
// An answer other than the expected one is an error.
type Loop func(n int) error

// ErrShed is an answer that refuses for want of time what is to be allowed.
var ErrShed = errors.New("shed")

// A Limit ends a round: after a time, or after so many questions, whatever comes first, or by an
// answer that is an error.
type Limit struct {
	Time  time.Duration
	Count int  // 0: no such limit
	Shed  bool // ErrShed ends no round, and is counted: so many are asked at once that a server may refuse some
}

// Closed runs all loops at once, each asking anew when it has its answer. The numbers of their
// questions are drawn from one sequence. The processes that answer are given by their ids.
func Closed(ctx context.Context, limit Limit, loops []Loop, answering ...int) (Round, error) {
	before, err := used(answering)
	if err != nil {
		return Round{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit.Time)
	defer cancel()
	times := make([][]time.Duration, len(loops))
	errs := make([]error, len(loops))
	var next, shed atomic.Int64
	var group sync.WaitGroup
	for i, loop := range loops {
		group.Go(func() {
			for ctx.Err() == nil && errs[i] == nil {
				n := int(next.Add(1)) - 1
				if limit.Count > 0 && n >= limit.Count {
					return
				}
				start := time.Now()
				if errs[i] = loop(n); limit.Shed && errors.Is(errs[i], ErrShed) {
					shed.Add(1)
					errs[i] = nil
				}
				times[i] = append(times[i], time.Since(start))
			}
		})
	}
	group.Wait()
	after, err := used(answering)
	if err := errors.Join(some(errs), err); err != nil {
		return Round{}, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	if len(all) == 0 {
		return Round{}, errors.New("nothing was asked: the round is too short")
	}
	if int(shed.Load()) == len(all) {
		return Round{}, fmt.Errorf("all of %d checks: %w", len(all), ErrShed)
	}
	return Round{
		Answers: len(all), Shed: int(shed.Load()), CPU: (after - before) / time.Duration(len(all)),
		P50: sample.Quantile(all, 0.5), P99: sample.Quantile(all, 0.99), P999: sample.Quantile(all, 0.999),
	}, nil
}

// some joins the first errors: the loops of a round mostly fail alike.
func some(errs []error) error {
	const most = 3
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if more := len(errs) - most; more > 0 {
		errs = append(errs[:most:most], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}

func used(processes []int) (time.Duration, error) {
	var all time.Duration
	for _, pid := range processes {
		cpu, err := usage.CPU(pid)
		if err != nil {
			return 0, fmt.Errorf("a process that answers: %w", err)
		}
		all += cpu
	}
	return all, nil
}
