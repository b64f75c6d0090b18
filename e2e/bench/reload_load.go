package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/sample"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/bench/world"
)

// The load is open: so many ask, each at its own times, whether or not the others have answers. It is
// a fraction of what the server can do.
const (
	askers   = 16
	interval = 8 * time.Millisecond // of one asker: 2,000 checks a second in all
	probing  = 2 * time.Millisecond // how often it is asked whether the new policy is in force

	mostEffect = 5 * time.Second // until a change is in force
)

// A steady is the load of one server.
type steady struct {
	loops []load.Loop
	conn  *grpc.ClientConn
	other *authv3.CheckRequest // what the edits allow and deny
	round time.Duration        // how long a reload is given in a window
}

// A window is what came of one window: of all its checks, and of those while the policy was
// reloaded, or would have been.
type window struct {
	CPU    time.Duration `json:"cpu_ns"` // of the server, in the whole window
	All    quantiles     `json:"all"`
	During quantiles     `json:"during"`
}

type quantiles struct {
	Answers int           `json:"answers"`
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p999_ns"`
}

// steady makes the load: half of the checks have a token.
func (b *runner) steady(s *subject.Subject) (*steady, error) {
	token, err := b.world.Token("ES256", 0)
	if err != nil {
		return nil, err
	}
	plain, plainErr := world.Request{Caller: b.world.Web, Path: world.PathMTLS}.Check()
	withToken, tokenErr := world.Request{Caller: b.world.Web, Path: world.PathJWT, Token: token}.Check()
	checker, err := b.dial(s)
	if err := errors.Join(plainErr, tokenErr, err); err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient("unix://"+s.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	question := func(n int) []byte {
		if n%2 == 0 {
			return plain
		}
		return withToken
	}
	return &steady{checker.Loops(askers, question, true), conn, world.Request{Caller: b.world.Other, Path: world.PathMTLS}.Message(), b.round}, nil
}

// length is that of a window.
func (l *steady) length() time.Duration { return lead + watching + l.round + reloadTail }

// rest is how long nothing is asked after each, for what a reload leaves to do.
func (l *steady) rest() time.Duration { return l.round / 3 }

func (l *steady) close() { _ = l.conn.Close() } // nothing is asked any more

// allowed asks what the edits change.
func (l *steady) allowed(ctx context.Context) (bool, error) {
	answer, err := authv3.NewAuthorizationClient(l.conn).Check(ctx, l.other)
	if err != nil {
		return false, err
	}
	return answer.GetStatus().GetCode() == 0, nil
}

// edited is a window in which edit changes the policy. It returns how long that took to come into force.
func (l *steady) edited(ctx context.Context, s *subject.Subject, edit func() error) (effect time.Duration, w window, err error) {
	before, err := l.allowed(ctx)
	if err != nil {
		return 0, window{}, err
	}
	w, err = l.window(ctx, s, func() (time.Duration, error) {
		if err := edit(); err != nil {
			return 0, err
		}
		start := time.Now()
		err := l.probe(ctx, start.Add(mostEffect), func(now bool) bool { return now != before })
		effect = time.Since(start)
		if effect >= mostEffect {
			err = errors.Join(err, fmt.Errorf("the change was not in force after %v", effect))
		}
		return effect, err
	})
	return effect, w, err
}

// still is a window without a change, in which as much is asked. took is how long one would have taken.
func (l *steady) still(ctx context.Context, s *subject.Subject, took time.Duration) (window, error) {
	return l.window(ctx, s, func() (time.Duration, error) {
		return took, l.probe(ctx, time.Now().Add(took), func(bool) bool { return false })
	})
}

// probe asks what the edits change until the answer is the one that is waited for, or until the end.
func (l *steady) probe(ctx context.Context, end time.Time, enough func(allowed bool) bool) error {
	for time.Now().Before(end) {
		allowed, err := l.allowed(ctx)
		if err != nil || enough(allowed) {
			return err
		}
		time.Sleep(probing)
	}
	return nil
}

// An answered is one check: when it was due, and how long the answer took.
type answered struct{ at, took time.Duration }

// window runs the load, and act when lead has passed. act returns how long it took until a change
// was in force.
func (l *steady) window(ctx context.Context, s *subject.Subject, act func() (time.Duration, error)) (window, error) {
	before, err := usage.CPU(s.PID())
	if err != nil {
		return window{}, err
	}
	start := time.Now()
	times := make([][]answered, len(l.loops))
	errs := make([]error, len(l.loops))
	var group sync.WaitGroup
	for i, loop := range l.loops {
		group.Go(func() { times[i], errs[i] = ask(ctx, start, time.Duration(i)*interval/askers, l.length(), loop, i) })
	}
	time.Sleep(time.Until(start.Add(lead)))
	took, actErr := act()
	group.Wait()
	cpu, err := usage.CPU(s.PID())
	if err := errors.Join(errors.Join(errs...), actErr, err, ctx.Err()); err != nil {
		return window{}, err
	}
	time.Sleep(l.rest())
	all := slices.Concat(times...)
	during := slices.DeleteFunc(slices.Clone(all), func(a answered) bool { return a.at < lead+watching || a.at > lead+took+reloadTail })
	return window{CPU: cpu - before, All: quantilesOf(all), During: quantilesOf(during)}, nil
}

// ask asks at its times until the window ends. Where the answer before was late, the next check was due
// when it should have been asked; that a sleep lasts too long is no fault of the server.
func ask(ctx context.Context, start time.Time, first, length time.Duration, loop load.Loop, n int) ([]answered, error) {
	var all []answered
	for due := first; due < length && ctx.Err() == nil; due, n = due+interval, n+1 {
		from := start.Add(due)
		if wait := time.Until(from); wait > 0 {
			time.Sleep(wait)
			from = time.Now()
		}
		if err := loop(n); err != nil {
			return nil, err
		}
		all = append(all, answered{due, time.Since(from)})
	}
	return all, nil
}

func quantilesOf(all []answered) quantiles {
	took := make([]time.Duration, len(all))
	for i, a := range all {
		took[i] = a.took
	}
	slices.Sort(took)
	return quantiles{len(took), sample.Quantile(took, 0.5), sample.Quantile(took, 0.99), sample.Quantile(took, 0.999)}
}
