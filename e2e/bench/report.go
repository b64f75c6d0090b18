package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/sample"
	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/envoy"
)

// A report is everything that a run measured.
type report struct {
	Setup  conditions `json:"setup"`
	Notes  []string   `json:"notes,omitempty"` // what is missing, and why
	Cells  []cell     `json:"cells"`
	Memory []memory   `json:"memory"`

	Reloads []change `json:"reloads,omitempty"`
	Surges  []surge  `json:"surges,omitempty"`
}

// conditions are what must be known of a run to compare it with another.
type conditions struct {
	Time    time.Time     `json:"time"`
	Machine string        `json:"machine"`
	Go      string        `json:"go"`
	Envoy   string        `json:"envoy"`
	Postern string        `json:"postern"`
	Load    string        `json:"load"` // of the machine when the run began
	Round   time.Duration `json:"round_ns"`
	Rounds  int           `json:"rounds"`
}

// A cell is what one server made of one case.
type cell struct {
	Part   string       `json:"part"`
	Case   string       `json:"case"`
	Server string       `json:"server"`
	X      float64      `json:"x,omitempty"` // where on the axis, when growth is measured
	Rounds []load.Round `json:"rounds"`
}

func (c *cell) String() string { return c.Part + ", " + c.Case + ", " + c.Server }

// memory is resident, in bytes: ready and never asked, after all cases, and at most.
type memory struct {
	Server string `json:"server"`
	Idle   int64  `json:"idle"`
	After  int64  `json:"after"`
	Most   int64  `json:"most"`
}

func (r *report) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	say("%s", text)
	r.Notes = append(r.Notes, text)
}

// holds says whether anything was measured.
func (r *report) holds() bool { return r != nil && len(r.Cells)+len(r.Reloads)+len(r.Surges) > 0 }

// find returns the cell, nil when there is none or it has no rounds.
func (r *report) find(part, name, server string) *cell {
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.Part == part && c.Case == name && c.Server == server && len(c.Rounds) > 0 {
			return c
		}
	}
	return nil
}

// cases returns those of a part, in their order.
func (r *report) cases(part string) []string {
	return r.distinct(part, func(c cell) string { return c.Case })
}

// servers returns those of a part, in their order.
func (r *report) servers(part string) []string {
	return r.distinct(part, func(c cell) string { return c.Server })
}

func (r *report) distinct(part string, of func(cell) string) []string {
	var all []string
	seen := map[string]bool{}
	for _, c := range r.Cells {
		if name := of(c); c.Part == part && !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return all
}

// The columns of a cell, round by round.
func cpu(r load.Round) time.Duration  { return r.CPU }
func p50(r load.Round) time.Duration  { return r.P50 }
func p99(r load.Round) time.Duration  { return r.P99 }
func p999(r load.Round) time.Duration { return r.P999 }

// values returns a column, nil for no cell.
func (c *cell) values(of func(load.Round) time.Duration) []time.Duration {
	if c == nil {
		return nil
	}
	all := make([]time.Duration, len(c.Rounds))
	for i, r := range c.Rounds {
		all[i] = of(r)
	}
	return all
}

func (c *cell) summary(of func(load.Round) time.Duration) sample.Summary[time.Duration] {
	return sample.Summarize(c.values(of))
}

// extent says how much was measured.
func (r *report) extent() string {
	s := r.Setup
	switch {
	case len(r.Reloads) > 0:
		return fmt.Sprintf("%d pairs of windows of %v for each change", pairsOfRound*s.Rounds, lead+watching+s.Round+reloadTail)
	case len(r.Surges) > 0:
		return fmt.Sprintf("loads of %v", floodRounds*s.Round)
	}
	return fmt.Sprintf("%d rounds of %v", s.Rounds, s.Round)
}

func setup(ctx context.Context, o options) conditions {
	c := conditions{
		Time: time.Now().UTC().Truncate(time.Second), Machine: usage.Machine(runtime.NumCPU()), Go: runtime.Version(),
		Envoy: "none", Postern: unknown, Round: o.round, Rounds: o.rounds,
	}
	if ours, err := version(ctx, o.postern); err == nil {
		c.Postern = ours
	}
	if binary, err := envoy.Binary(); err == nil {
		c.Envoy = said(ctx, binary, "--version")
		if parts := strings.Split(c.Envoy, "/"); len(parts) > 3 {
			c.Envoy = parts[len(parts)-4] // the path ends with hash/1.40.0/Clean/RELEASE/BoringSSL
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		c.Load = strings.Join(strings.Fields(string(text))[:3], " ")
		var now float64
		if _, err := fmt.Sscan(c.Load, &now); err == nil && now > float64(runtime.NumCPU()) {
			say("the load of this machine is %v, and it has %d cores: what is measured beside other work says little", now, runtime.NumCPU())
		}
	}
	return c
}

// version returns what Postern says of itself. Whatever says something else is not it.
func version(ctx context.Context, binary string) (string, error) {
	if _, err := exec.LookPath(binary); err != nil {
		return "", fmt.Errorf("-postern: %w; make build makes bin/postern", err)
	}
	line := said(ctx, binary, "--version")
	name, ok := strings.CutPrefix(line, "postern version ")
	if !ok {
		return "", errors.Join(ctx.Err(), fmt.Errorf("-postern: %s is no Postern: what it says to --version is %q", binary, line))
	}
	return name, nil
}

const unknown = "unknown"

// said returns the first line that a program prints.
func said(ctx context.Context, binary string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, args...).Output()
	if err != nil {
		return unknown
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
