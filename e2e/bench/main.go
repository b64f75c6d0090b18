// Command bench measures what one check costs the server that answers it, in CPU time, beside
// a grpc-go server on generated code that says yes to everything. The rounds of all servers
// are interleaved on one machine in one run: only the ratios are worth quoting.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	round := flags.Duration("round", 2*time.Second, "how long one round of one server takes")
	rounds := flags.Int("rounds", 3, "how many rounds each server gets")
	binary := flags.String("postern", "bin/postern", "the binary to measure")
	noop := flags.String("noop", "", "internal: serve as the no-op on this socket")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *noop != "" {
		return serveNoop(ctx, *noop)
	}
	dir, err := os.MkdirTemp("", "postern-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w, err := newWorld(dir)
	if err != nil {
		return err
	}
	servers, err := startServers(ctx, *binary, dir, w)
	defer func() {
		for _, s := range servers {
			s.stop()
		}
	}()
	if err != nil {
		return err
	}
	cases, err := w.cases(servers)
	if err != nil {
		return err
	}
	return measure(ctx, cases, *round, *rounds)
}

// A result is one case's rounds.
type result struct {
	*benchCase
	cpu []time.Duration // of the server, per check
	p50 []time.Duration
	p99 []time.Duration
}

// measure runs the rounds of every case in turn, and prints a table.
func measure(ctx context.Context, cases []*benchCase, round time.Duration, rounds int) error {
	results := make([]result, len(cases))
	for i, c := range cases {
		results[i].benchCase = c
		if _, err := c.run(ctx, round/4); err != nil { // warms up
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for n := range rounds {
		for i := range results {
			fmt.Fprintf(os.Stderr, "round %d of %d: %-40s\r", n+1, rounds, results[i].name)
			l, err := results[i].run(ctx, round)
			if err != nil {
				return fmt.Errorf("%s: %w", results[i].name, err)
			}
			results[i].cpu = append(results[i].cpu, l.cpu)
			results[i].p50 = append(results[i].p50, l.p50)
			results[i].p99 = append(results[i].p99, l.p99)
		}
	}
	return report(results)
}

func report(results []result) error {
	if len(results) == 0 {
		return errors.New("nothing was measured")
	}
	fmt.Fprintf(os.Stderr, "%60s\r", "")
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "case\tCPU/check\tratio\tp50\tp99\tserver RSS")
	base := median(results[0].cpu)
	for _, r := range results {
		cpu := median(r.cpu)
		fmt.Fprintf(out, "%s\t%v\t%.2f\t%v\t%v\t%d MB\n", r.name, cpu.Round(100*time.Nanosecond), float64(cpu)/float64(base),
			median(r.p50).Round(time.Microsecond), median(r.p99).Round(time.Microsecond), r.server.rss()>>20)
	}
	return out.Flush()
}

func median(all []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(all))
	return s[len(s)/2]
}

func write(dir, name string, data []byte) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, data, 0o600)
}
