package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/e2e/bench/overload"
	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/bench/world"
)

// overloading is the part that asks Postern, held to one core, for more than it can do.
const overloading = "overload"

// What Envoy does: a connection for each of two workers, a deadline by default, and at most so
// many checks under way, by the circuit breaker's default.
const (
	floodWires    = 2
	floodDeadline = 200 * time.Millisecond
	floodBreaker  = 1024
)

// How a flood goes on: half a round of little to begin with, what is measured, and half of what can be done,
// until it is known when all was normal again.
const (
	floodRounds = 5 // so many are the length of a load, and as long is what follows
	floodFew    = 64
	floodMost   = 200_000 // a second: more than any server can do
	floodTries  = 50      // to find out what can be done: 2.5 min with the usual -round, and 5 s with that of the test
	floodTokens = 8       // times -once
	floodKept   = 4_096   // tokens that Postern remembers
	refuseEvery = 10      // of so many checks one has to be refused
)

// A surge is what became of a load.
type surge struct {
	Case     string        `json:"case"`
	Times    float64       `json:"times"`    // what can be done
	Capacity float64       `json:"capacity"` // checks a second
	Length   time.Duration `json:"length_ns"`
	overload.Tally
	P50    time.Duration `json:"p50_ns"`
	P99    time.Duration `json:"p99_ns"`
	Normal time.Duration `json:"normal_ns"` // after the load, until no check fared badly
	Most   int64         `json:"most"`      // resident bytes
}

// overload measures how Postern takes once, twice and ten times what it can do.
func (b *runner) overload(ctx context.Context) error {
	policies, err := b.world.Policies("overload", world.Size{Rules: 10})
	if err != nil {
		return err
	}
	for _, once := range []bool{false, true} {
		name, question, err := b.surges(ctx, once)
		if err != nil {
			return err
		}
		s, err := b.onOneCore(func() (*subject.Subject, error) {
			return b.postern(ctx, name, policies, os.DevNull)
		})
		if err != nil {
			return err
		}
		if err := b.flood(ctx, s, name, question); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Kill()
	}
	return nil
}

// flood asks one server for all that is to be measured.
func (b *runner) flood(ctx context.Context, s *subject.Subject, name string, question func([]byte, int) ([]byte, bool)) error {
	o := overload.Options{Socket: s.Socket, Connections: floodWires, Deadline: floodDeadline, Breaker: floodFew, Question: question}
	length := floodRounds * b.round
	f, err := overload.New(o)
	if err != nil {
		return err
	}
	defer f.Close()
	capacity := 0.0
	for try := 0; capacity == 0; try++ { // a machine that is busy may decide none in time
		if try == floodTries {
			return errors.New("no check is decided in time: let the machine rest")
		}
		most, err := f.Run(ctx, floodMost, length)
		if err := errors.Join(err, f.Drain()); err != nil {
			return err
		}
		capacity = float64(most.Counts[overload.Allowed]+most.Counts[overload.Denied]) / length.Seconds()
	}
	o.Breaker = floodBreaker
	say("%s: %.0f a second", name, capacity)
	defer b.progress("")
	for _, times := range []float64{1, 2, 10} {
		b.progress("bench: %v times as many ", times)
		r := surge{Case: name, Times: times, Capacity: capacity, Length: length}
		if err := b.surge(ctx, o, s, &r); err != nil {
			return err
		}
		b.report.Surges = append(b.report.Surges, r)
	}
	return nil
}

// surge measures one load, on connections of its own.
func (b *runner) surge(ctx context.Context, o overload.Options, s *subject.Subject, r *surge) error {
	if err := usage.ResetMost(s.PID()); err != nil {
		return err
	}
	f, err := overload.New(o)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Run(ctx, r.Capacity/2, b.round/2); err != nil {
		return err
	}
	during, err := f.Run(ctx, r.Capacity*r.Times, r.Length)
	if err != nil {
		return err
	}
	after, err := f.Run(ctx, r.Capacity/2, r.Length)
	if err := errors.Join(err, f.Drain()); err != nil {
		return err
	}
	r.Tally, r.P50, r.P99 = *during, during.Quantile(0.5), during.Quantile(0.99)
	r.Normal = max(0, after.Bad-during.Ends)
	_, r.Most, err = usage.Memory(s.PID())
	return err
}

// surges returns what is asked: one check again and again, or each time another token of more than are
// remembered. Every tenth caller is one that no rule names.
func (b *runner) surges(ctx context.Context, once bool) (name string, question func([]byte, int) ([]byte, bool), err error) {
	name, tokens := caseMTLS, []string{""}
	request := world.Request{Caller: b.world.Web, Path: world.PathMTLS}
	if once {
		name, request.Path = caseOnce("ES256"), world.PathJWT
		tokens = make([]string, b.once*floodTokens)
		say("signing %d tokens by ES256", len(tokens))
		errs := make([]error, len(tokens))
		err := inParallel(ctx, len(tokens), func(n int) { tokens[n], errs[n] = b.world.Token("ES256", n) })
		if err := errors.Join(err, errors.Join(errs...)); err != nil {
			return "", nil, err
		}
		request.Token = tokens[0]
	}
	granted, err := proto.Marshal(request.Message())
	if err != nil {
		return "", nil, err
	}
	refused, err := world.Request{Caller: b.world.Other, Path: world.PathMTLS}.Check()
	at := bytes.Index(granted, []byte(tokens[0])) // all are of one length
	return name, func(to []byte, n int) ([]byte, bool) {
		if n%refuseEvery == 0 {
			return append(to, refused...), false
		}
		from := len(to)
		to = append(to, granted...)
		copy(to[from+at:], tokens[n%len(tokens)])
		return to, true
	}, err
}

// printSurges writes what became of the loads, in checks a second.
func (r *report) printSurges(t io.Writer) {
	for i, s := range r.Surges {
		if i == 0 {
			fmt.Fprintf(t, "\noverload, one core\tcan do\tasked\tdecided\tshed\tlate\tEnvoy refuses\tp50\tp99\tover 150 ms\tnormal after\tmost memory\n")
		}
		each := func(n int) string { return fmt.Sprintf("%.0f/s", float64(n)/s.Length.Seconds()) }
		c := s.Counts
		fmt.Fprintf(t, "%s, %v ×\t%.0f/s\t%s\t%s\t%s\t%s\t%s\t%.0f ms\t%.0f ms\t%s\t%.2f s\t%s\n", s.Case, s.Times, s.Capacity, each(s.Offered),
			each(c[overload.Allowed]+c[overload.Denied]), each(c[overload.Shed]), each(c[overload.Late]+c[overload.Failed]), each(c[overload.Held]),
			milliseconds(s.P50), milliseconds(s.P99), each(s.Slow), s.Normal.Seconds(), megabytes(s.Most))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
