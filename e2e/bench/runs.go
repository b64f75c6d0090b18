package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern/postern/e2e/bench/sample"
)

// runs are the reports of one command, at least one; -json writes them. Each run had servers of
// its own.
type runs struct {
	Runs []*report `json:"runs"`
}

// whole is all runs as one: the rounds of all, and of memory the median. What was not measured in
// every run is left out, since ratios are those of rounds that ran next to each other.
func (r runs) whole() *report {
	all := *r.Runs[0]
	if len(r.Runs) == 1 {
		return &all
	}
	all.Notes, all.Cells, all.Memory = nil, nil, nil
	all.Reloads, all.Surges = r.reloads(), r.surges()
	var loads []string
	for _, run := range r.Runs {
		loads = append(loads, run.Setup.Load)
		for _, note := range run.Notes {
			if !slices.Contains(all.Notes, note) {
				all.Notes = append(all.Notes, note)
			}
		}
	}
	all.Setup.Load = strings.Join(loads, "; ")
	for _, c := range r.Runs[0].Cells {
		c.Rounds = slices.Clone(c.Rounds)
		in := 1
		for _, run := range r.Runs[1:] {
			if more := run.find(c.Part, c.Case, c.Server); more != nil {
				in++
				c.Rounds = append(c.Rounds, more.Rounds...)
			}
		}
		if in < len(r.Runs) {
			all.Notes = append(all.Notes, fmt.Sprintf("%s, %s, %s was measured in %d runs of %d, and is left out", c.Part, c.Case, c.Server, in, len(r.Runs)))
			continue
		}
		all.Cells = append(all.Cells, c)
	}
	for _, m := range r.Runs[0].Memory {
		all.Memory = append(all.Memory, r.memory(m.Server))
	}
	return &all
}

// reloads are the changes, each with the windows of all runs.
func (r runs) reloads() []change {
	var all []change
	for i, c := range r.Runs[0].Reloads {
		c = change{Name: c.Name}
		var most []int64
		for _, run := range r.Runs {
			if i >= len(run.Reloads) {
				continue
			}
			one := run.Reloads[i]
			c.Effect, c.With, c.Without = append(c.Effect, one.Effect...), append(c.With, one.With...), append(c.Without, one.Without...)
			most = append(most, one.Most)
		}
		c.Most = sample.Summarize(most).Median
		all = append(all, c)
	}
	return all
}

// surges are those of all runs, each load with that of the other runs beside it: each run found
// another capacity, so that they are no rounds of one.
func (r runs) surges() []surge {
	var all []surge
	for i := range r.Runs[0].Surges {
		for n, run := range r.Runs {
			if i < len(run.Surges) {
				s := run.Surges[i]
				s.Case = fmt.Sprintf("run %d, %s", n+1, s.Case)
				all = append(all, s)
			}
		}
	}
	return all
}

// memory is the median of the runs.
func (r runs) memory(server string) memory {
	var idle, after, most []int64
	for _, run := range r.Runs {
		for _, m := range run.Memory {
			if m.Server == server {
				idle, after, most = append(idle, m.Idle), append(after, m.After), append(most, m.Most)
			}
		}
	}
	return memory{server, sample.Summarize(idle).Median, sample.Summarize(after).Median, sample.Summarize(most).Median}
}

// aims compares what was measured with what is aimed at. Of several runs it is the median, and how
// far the runs lie apart; of one, how far its rounds do.
func (r runs) aims() []aim {
	first := r.Runs[0].aims()
	if len(r.Runs) == 1 {
		return first
	}
	var all []aim
	for _, a := range first {
		values := []float64{}
		for _, run := range r.Runs {
			for _, b := range run.aims() {
				if b.name == a.name {
					values = append(values, b.measured)
				}
			}
		}
		a.of(values)
		all = append(all, a)
	}
	return all
}

// read returns what publish wrote.
func read(file string) (runs, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return runs{}, err
	}
	var r runs
	if err := json.Unmarshal(text, &r); err != nil {
		return runs{}, fmt.Errorf("%s is not what -json writes: %w", file, err)
	}
	if len(r.Runs) == 0 || slices.ContainsFunc(r.Runs, func(run *report) bool { return run == nil || run.Setup.Time.IsZero() }) {
		return runs{}, fmt.Errorf("%s is not what -json writes: it holds no runs", file)
	}
	return r, nil
}

// publish prints the tables, and writes the files that the flags ask for.
func (r runs) publish(out io.Writer, o options) error {
	if err := r.print(out); err != nil {
		return err
	}
	if o.json != "" {
		text, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.svg == "" {
		return nil
	}
	if err := os.MkdirAll(o.svg, 0o755); err != nil {
		return err
	}
	var errs []error
	for name, svg := range r.whole().figures() {
		errs = append(errs, os.WriteFile(filepath.Join(o.svg, name), svg, 0o644))
	}
	return errors.Join(errs...)
}
