package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/sample"
)

// print writes the report as text, the figures that are aimed at first.
func (r runs) print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	whole := r.whole()
	s := whole.Setup
	of, times := "rounds", ""
	if len(r.Runs) > 1 {
		of, times = "runs", fmt.Sprintf("%d runs of ", len(r.Runs))
	}
	fmt.Fprintf(t, "%s, %s, Envoy %s, Postern %s\n", s.Machine, s.Go, s.Envoy, s.Postern)
	fmt.Fprintf(t, "%s, %s%s; load of the machine at the start: %s\n", s.Time.Format("2006-01-02 15:04 MST"), times, whole.extent(), cmp.Or(s.Load, "unknown"))
	for _, note := range whole.Notes {
		fmt.Fprintf(t, "note: %s\n", note)
	}
	if aims := r.aims(); len(aims) > 0 {
		fmt.Fprintf(t, "\nPostern, aims\tmeasured\tof the %s\taim\t\n", of)
		for _, a := range aims {
			fmt.Fprintf(t, "%s\t%s\t%s\t≤ %s\t%s\n", a.name, a.text(a.measured), a.spread(), a.text(a.limit), a.verdict())
		}
	}
	whole.print(t)
	return t.Flush()
}

// print writes the tables.
func (r *report) print(t io.Writer) {
	r.printDirect(t)
	r.printThrough(t)
	r.printGrowth(t)
	r.printReloads(t)
	r.printSurges(t)
	if len(r.Memory) > 0 {
		fmt.Fprint(t, "\nresident memory\tidle\tafter\tmost\n")
		for _, m := range r.Memory {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Server, megabytes(m.Idle), megabytes(m.After), megabytes(m.Most))
		}
	}
}

func (r *report) printDirect(t io.Writer) {
	for i, name := range r.cases(direct) {
		if i == 0 {
			fmt.Fprintf(t, "\ndirect, %d in flight on 2 connections\tserver\tCPU a check\tspread\t× no-op\t× floor\tp50\tp99\tp99.9\n", inFlight)
		}
		for _, server := range r.servers(direct) {
			c := r.find(direct, name, server)
			if c == nil {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%.0f%%\t%s\t%s\t%s\t%s\t%s\n", name, server, micro(c.summary(cpu).Median), 100*c.summary(cpu).Spread(),
				times(c, r.find(direct, name, noop)), times(c, r.find(direct, name, floor)),
				micro(c.summary(p50).Median), micro(c.summary(p99).Median), micro(c.summary(p999).Median))
		}
	}
}

// times is the ratio of the CPU of two cells.
func times(c, base *cell) string {
	return ratio(sample.Ratios(c.values(cpu), base.values(cpu)))
}

func ratio(all []float64) string {
	if len(all) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", sample.Summarize(all).Median)
}

func (r *report) printThrough(t io.Writer) {
	for i, name := range r.cases(envoyed) {
		if i == 0 {
			fmt.Fprint(t, "\nthrough Envoy\tserver\tp50\tadded\t× no-op\tp99\tCPU a request\tadded\t× no-op\n")
		}
		alone := r.find(envoyed, name, front.Alone)
		base := r.find(envoyed, name, noop)
		for _, server := range r.servers(envoyed) {
			c := r.find(envoyed, name, server)
			if c == nil {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, server,
				micro(c.summary(p50).Median), micro(sample.Summarize(beyond(c, alone, p50)).Median), ratio(sample.Ratios(beyond(c, alone, p50), beyond(base, alone, p50))),
				micro(c.summary(p99).Median),
				micro(c.summary(cpu).Median), micro(sample.Summarize(beyond(c, alone, cpu)).Median), ratio(sample.Ratios(beyond(c, alone, cpu), beyond(base, alone, cpu))))
		}
	}
}

// beyond is what a cell has, round by round, more than Envoy alone.
func beyond(c, alone *cell, of func(load.Round) time.Duration) []time.Duration {
	return sample.Differences(c.values(of), alone.values(of))
}

func (r *report) printGrowth(t io.Writer) {
	for _, a := range axes() {
		servers := r.servers(a.part)
		if len(servers) == 0 {
			continue
		}
		fmt.Fprintf(t, "\nCPU a check by %s\t%s\n", a.label, strings.Join(servers, "\t"))
		for _, name := range r.cases(a.part) {
			row := []string{name}
			for _, server := range servers {
				text := "–"
				if c := r.find(a.part, name, server); c != nil {
					text = micro(c.summary(cpu).Median)
				}
				row = append(row, text)
			}
			fmt.Fprintln(t, strings.Join(row, "\t"))
		}
	}
}

// micro writes a time in microseconds.
func micro(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }
