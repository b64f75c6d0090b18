package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/sample"
)

// print writes the report as text, the figures that are aimed at first.
func (r *report) print(out io.Writer) error {
	s := r.Setup
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %s, Envoy %s, Postern %s\n", s.Machine, s.Go, s.Envoy, s.Postern)
	fmt.Fprintf(t, "%s, %d rounds of %v; load of the machine at the start: %s\n", s.Time.Format("2006-01-02 15:04 MST"), s.Rounds, s.Round, cmp.Or(s.Load, "unknown"))
	for _, note := range r.Notes {
		fmt.Fprintf(t, "note: %s\n", note)
	}
	if aims := r.aims(); len(aims) > 0 {
		fmt.Fprint(t, "\nPostern, aims\tmeasured\tof the rounds\taim\t\n")
		for _, a := range aims {
			fmt.Fprintf(t, "%s\t%s\t%s\t≤ %s\t%s\n", a.name, a.measured, a.spread, a.most, a.verdict)
		}
	}
	r.printDirect(t)
	r.printThrough(t)
	r.printGrowth(t)
	if len(r.Memory) > 0 {
		fmt.Fprint(t, "\nresident memory\tidle\tafter\tmost\n")
		for _, m := range r.Memory {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Server, megabytes(m.Idle), megabytes(m.After), megabytes(m.Most))
		}
	}
	return t.Flush()
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

// An aim is a figure that Postern shall not exceed.
type aim struct {
	name, measured, spread, most, verdict string
}

// aims compares what was measured with what is aimed at. What was not measured is left out.
func (r *report) aims() []aim {
	var all []aim
	compare := func(name string, values []float64, most float64) {
		if len(values) > 0 {
			s := sample.Summarize(values)
			all = append(all, aim{name, fmt.Sprintf("%.2f", s.Median), fmt.Sprintf("%.2f to %.2f", s.Least, s.Most), fmt.Sprintf("%.2f", most), verdict(s.Median <= most)})
		}
	}
	for _, a := range []struct {
		name          string
		noop, atFloor float64 // 0: none
	}{
		{caseMTLS, 0.80, 1.15}, {caseJWT, 0.85, 1.2}, {caseDeny, 0.80, 0}, {caseManyMTLS, 0.83, 0}, {caseManyJWT, 0.88, 0},
	} {
		ours, theirs := r.find(direct, a.name, postern), r.find(direct, a.name, noop)
		compare(a.name+", CPU × no-op", sample.Ratios(ours.values(cpu), theirs.values(cpu)), a.noop)
		if a.atFloor > 0 {
			compare(a.name+", CPU × floor", sample.Ratios(ours.values(cpu), r.find(direct, a.name, floor).values(cpu)), a.atFloor)
		}
		compare(a.name+", p99 × no-op", sample.Ratios(ours.values(p99), theirs.values(p99)), 1)
	}
	once := caseOnce("RS256")
	compare(once+", CPU × (no-op + one RSA-2048 verification)", sample.Ratios(r.find(direct, once, postern).values(cpu),
		sum(r.find(direct, once, noop).values(cpu), r.find(direct, once, verifier).values(cpu))), 1.15)
	for _, name := range []string{caseMTLS, caseJWT} {
		name = caseThrough(name, 1)
		alone, ours, theirs := r.find(envoyed, name, front.Alone), r.find(envoyed, name, postern), r.find(envoyed, name, noop)
		compare(name+", p50 added × no-op's", sample.Ratios(beyond(ours, alone, p50), beyond(theirs, alone, p50)), 0.80)
		compare(name+", CPU added × no-op's", sample.Ratios(beyond(ours, alone, cpu), beyond(theirs, alone, cpu)), 0.80)
		compare(name+", p99 × no-op", sample.Ratios(ours.values(p99), theirs.values(p99)), 1)
	}
	return slices.Concat(all, r.memoryAims())
}

func (r *report) memoryAims() []aim {
	var all []aim
	for _, m := range r.Memory {
		switch m.Server {
		case postern:
			all = append(all, aim{"resident memory, idle", megabytes(m.Idle), "", "24 MB", verdict(m.Idle <= 24<<20)})
		case fmt.Sprintf("%s, %d rules", postern, manyRules):
			all = append(all, aim{"resident memory, 10,000 rules", megabytes(m.After), "", "64 MB", verdict(m.After <= 64<<20)})
		}
	}
	return all
}

func sum(a, b []time.Duration) []time.Duration {
	var all []time.Duration
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]+b[i])
	}
	return all
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
