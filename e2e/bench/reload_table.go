package main

import (
	"fmt"
	"io"
	"time"

	"github.com/postern/postern/e2e/bench/sample"
)

func (r *report) printReloads(t io.Writer) {
	if len(r.Reloads) == 0 {
		return
	}
	fmt.Fprintf(t, "\nreload of %d rules, 2,000 checks a second\tin force after\tthe wait\tthe rest\tCPU\tmost resident\n", manyRules)
	for _, c := range r.Reloads {
		effect := sample.Summarize(c.Effect)
		fmt.Fprintf(t, "%s\t%s (%s to %s)\t%s\t%s\t%s\t%s\n", c.Name, milli(effect.Median), milli(effect.Least), milli(effect.Most), milli(watching), milli(effect.Median-watching),
			milli(sample.Summarize(sample.Differences(cpuOf(c.With), cpuOf(c.Without))).Median), megabytes(c.Most))
	}
	fmt.Fprint(t, "\nchecks beside a reload\twindow\tp50\twithout\tp99\twithout\t× without\tp99.9\twithout\t× without\n")
	for _, c := range r.Reloads {
		for _, w := range []struct {
			name string
			of   func(window) quantiles
		}{{"all of it", func(w window) quantiles { return w.All }}, {"while it reloads", func(w window) quantiles { return w.During }}} {
			with, without := columns(c.With, w.of), columns(c.Without, w.of)
			fmt.Fprintf(t, "%s\t%s", c.Name, w.name)
			for i := range with {
				fmt.Fprintf(t, "\t%s\t%s", micro(sample.Summarize(with[i]).Median), micro(sample.Summarize(without[i]).Median))
				if i > 0 {
					fmt.Fprintf(t, "\t%s", ratio(sample.Ratios(with[i], without[i])))
				}
			}
			fmt.Fprintln(t)
		}
	}
}

// columns are p50, p99 and p99.9, window by window.
func columns(all []window, of func(window) quantiles) (columns [3][]time.Duration) {
	for _, w := range all {
		q := of(w)
		columns[0], columns[1], columns[2] = append(columns[0], q.P50), append(columns[1], q.P99), append(columns[2], q.P999)
	}
	return columns
}

func cpuOf(all []window) []time.Duration {
	var cpu []time.Duration
	for _, w := range all {
		cpu = append(cpu, w.CPU)
	}
	return cpu
}

// milli writes a time in milliseconds.
func milli(d time.Duration) string {
	return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
}
