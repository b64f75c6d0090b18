package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/load"
)

func TestFlagsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"-rounds 0", "at least 1"},
		{"-once 0", "at least 1"},
		{"-runs 0", "at least 1"},
		{"-only (", "missing closing )"},
		{"-round 1ms", "10ms"},
		{"-part grpc", "not \"grpc\""},
		{"-part rules", "direct, envoy"},
		{"-grow -part direct", "rules, providers, fields, token, flight, not"},
		{"-part reload -only Postern", "-part reload has no cells"},
		{"-part overload -svg x", "no figures"},
		{"-part overload -once 512", "more than 512"},
		{"-from x -part direct", "for measuring"},
		{"-json /nonexistent/x", "-json: "},
		{"-postern /nonexistent/postern", "make build"},
		{"-postern /bin/echo", `is no Postern: what it says to --version is "`},
		{"more", "unexpected"},
		{"-serve strange -at /nonexistent", `"strange"`},
		{"-strange", "strange"},
	} {
		if err := run(t.Context(), strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}

// once is the runs of a report alone.
func once(r *report) runs { return runs{[]*report{r}} }

// measured is a report in which the no-op takes 100 µs, the floor 60 and Postern 70 (deny: 90),
// and Envoy 50 of its own.
func measured() *report {
	const µs = time.Microsecond
	cells := func(part, name, server string, d time.Duration) cell {
		c := cell{Part: part, Case: name, Server: server}
		for _, more := range []time.Duration{0, -µs, µs} {
			c.Rounds = append(c.Rounds, load.Round{Answers: 10, CPU: d + more, P50: d + more, P99: 2 * d, P999: 3 * d})
		}
		return c
	}
	r := &report{Setup: conditions{Machine: "2 cores of a test", Go: "go1", Envoy: "1.40.0", Postern: "v1", Rounds: 3, Round: time.Second, Time: time.Unix(0, 0)}}
	r.note("%s is left out: %s", opa, "there is none")
	for _, name := range []string{caseMTLS, caseDeny} {
		r.Cells = append(r.Cells, cells(direct, name, noop, 100*µs), cells(direct, name, floor, 60*µs))
	}
	r.Cells = append(r.Cells, cells(direct, caseMTLS, postern, 70*µs), cells(direct, caseDeny, postern, 90*µs))
	once := caseOnce("RS256")
	r.Cells = append(r.Cells, cells(direct, once, noop, 100*µs), cells(direct, once, verifier, 50*µs), cells(direct, once, postern, 150*µs))
	name := caseThrough(caseMTLS, 1)
	r.Cells = append(r.Cells, cells(envoyed, name, front.Alone, 50*µs), cells(envoyed, name, noop, 150*µs), cells(envoyed, name, postern, 110*µs))
	for _, a := range axes()[:1] {
		for _, c := range []cell{cells(a.part, "10", noop, 30*µs), cells(a.part, "100", noop, 31*µs)} {
			c.X = map[string]float64{"10": 10, "100": 100}[c.Case]
			r.Cells = append(r.Cells, c)
		}
	}
	r.Memory = []memory{{postern, 20 << 20, 30 << 20, 31 << 20}, {"Postern, 10000 rules", 60 << 20, 65 << 20, 66 << 20}}
	return r
}

func TestAims(t *testing.T) {
	got := map[string]aim{}
	for _, a := range once(measured()).aims() {
		got[a.name] = a
	}
	for name, want := range map[string]struct{ measured, verdict string }{
		"mTLS rule, CPU × no-op":                                          {"0.70", "met"},
		"mTLS rule, CPU × floor":                                          {"1.17", "missed"},
		"deny, CPU × no-op":                                               {"0.90", "missed"},
		"mTLS rule, 1 in flight, p50 added × no-op's":                     {"0.60", "met"},
		"mTLS rule, 1 in flight, CPU added × no-op's":                     {"0.60", "met"},
		"mTLS rule, 1 in flight, p99 × no-op":                             {"0.73", "met"},
		"resident memory, idle":                                           {"20.0 MB", "met"},
		"resident memory, 10,000 rules":                                   {"65.0 MB", "missed"},
		"JWT seen once, RS256, CPU × (no-op + one RSA-2048 verification)": {"1.00", "met"},
	} {
		if a := got[name]; a.text(a.measured) != want.measured || a.verdict() != want.verdict {
			t.Errorf("%s: %+v, want %+v", name, a, want)
		}
	}
	if _, ok := got["10,000 rules, mTLS, CPU × no-op"]; ok {
		t.Error("what was not measured has an aim")
	}
	if aims := (&report{}).aims(); len(aims) != 0 {
		t.Errorf("nothing was measured: %v", aims)
	}
}

func TestTables(t *testing.T) {
	var out bytes.Buffer
	if err := once(measured()).print(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"2 cores of a test, go1, Envoy 1.40.0, Postern v1",
		"note: OPA-Envoy is left out: there is none",
		"mTLS rule Postern 70.0 µs 3% 0.70 1.17 70.0 µs 140.0 µs 210.0 µs",
		"mTLS rule, 1 in flight Postern 110.0 µs 60.0 µs 0.60 220.0 µs 110.0 µs 60.0 µs 0.60",
		"CPU a check by rules no-op 10 30.0 µs 100 31.0 µs",
		"Postern 20.0 MB 30.0 MB 31.0 MB",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestPublish(t *testing.T) {
	dir := t.TempDir()
	o := options{json: filepath.Join(dir, "bench.json"), svg: filepath.Join(dir, "figures")}
	want := once(measured())
	if err := want.publish(io.Discard, o); err != nil {
		t.Fatal(err)
	}
	got, err := read(o.json)
	if err != nil || len(got.Runs) != 1 || len(got.Runs[0].Cells) != len(want.Runs[0].Cells) || !slices.Equal(got.Runs[0].Memory, want.Runs[0].Memory) {
		t.Errorf("%v: %+v", err, got)
	}
	for _, name := range []string{"direct.svg", "envoy-latency.svg", "envoy-cpu.svg", "grow-rules.svg"} {
		svg, err := os.ReadFile(filepath.Join(o.svg, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(svg, new(struct{})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(o.svg, "grow-token.svg")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a figure of what was not measured: %v", err)
	}
	var before, after bytes.Buffer
	if err := errors.Join(want.print(&before), got.print(&after)); err != nil || before.String() != after.String() {
		t.Errorf("%v: the tables of what was read differ:\n%s\n%s", err, before.String(), after.String())
	}
	for name, text := range map[string]string{"missing.json": "", "bad.json": "{", "other.json": "{}", "null.json": `{"runs":[null]}`, "empty.json": `{"runs":[{}]}`} {
		file := filepath.Join(dir, name)
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(t.Context(), []string{"-from", file}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := want.publish(io.Discard, options{json: filepath.Join(dir, "none", "x")}); err == nil {
		t.Error("it wrote into a folder that is not there")
	}
}

// TestRuns: of several runs every figure is the median, and the spread is that of the runs.
func TestRuns(t *testing.T) {
	slower, noOPA := measured(), measured()
	for i := range slower.Cells {
		if c := &slower.Cells[i]; c.Server == postern {
			for j := range c.Rounds {
				c.Rounds[j].CPU *= 2
			}
		}
	}
	slower.Memory[0].Idle = 26 << 20
	noOPA.Memory[0].Idle = 22 << 20
	slower.Setup.Load, noOPA.Setup.Load = "1 2 3", "4 5 6"
	extra := cell{Part: direct, Case: caseMTLS, Server: opa, Rounds: []load.Round{{Answers: 1, CPU: time.Millisecond}}}
	slower.Cells = append(slower.Cells, extra)
	r := runs{[]*report{slower, noOPA, measured()}}
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"3 runs of 3 rounds of 1s; load of the machine at the start: 1 2 3; 4 5 6;",
		"aims measured of the runs aim",
		"mTLS rule, CPU × no-op 0.70 0.70 to 1.40 ≤ 0.80 met",
		"resident memory, idle 22.0 MB 20.0 MB to 26.0 MB ≤ 24.0 MB met",
		"note: direct, mTLS rule, OPA-Envoy was measured in 1 runs of 3, and is left out",
		"mTLS rule no-op 100.0 µs",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if whole := r.whole(); len(whole.find(direct, caseMTLS, noop).Rounds) != 9 || whole.find(direct, caseMTLS, opa) != nil {
		t.Errorf("%+v", whole)
	}
	if n := len(slower.find(direct, caseMTLS, noop).Rounds); n != 3 {
		t.Errorf("the first run has %d rounds", n)
	}
}

// TestRunsOfOtherParts: of several runs all reloads and all loads are shown.
func TestRunsOfOtherParts(t *testing.T) {
	one := func(effect time.Duration, most int64) *report {
		return &report{
			Reloads: []change{{Name: "every file", Effect: []time.Duration{effect}, Most: most, With: make([]window, 1), Without: make([]window, 1)}},
			Surges:  []surge{{Case: caseMTLS, Times: 1, Length: time.Second}, {Case: caseMTLS, Times: 2, Length: time.Second}},
		}
	}
	r := runs{[]*report{one(210*time.Millisecond, 50<<20), one(290*time.Millisecond, 70<<20), one(220*time.Millisecond, 60<<20)}}
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"every file 220 ms (210 ms to 290 ms)", "60.0 MB",
		"run 1, mTLS rule, 1 ×", "run 2, mTLS rule, 1 ×", "run 3, mTLS rule, 2 ×",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if c := r.whole().Reloads; len(c) != 1 || len(c[0].With) != 3 || len(c[0].Without) != 3 || len(r.Runs[0].Reloads[0].With) != 1 {
		t.Errorf("%+v", c)
	}
}
