package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/world"
	"github.com/postern/postern/e2e/build"
)

// TestMain is the benchmark itself where a test starts its own binary as a server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// built is Postern, built once for all tests.
var built = sync.OnceValues(func() (string, error) { return build.Command("postern") })

// newRunner measures next to nothing: the tests look at what is asked, not at how long it takes.
func newRunner(t *testing.T) *runner {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w, err := world.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := options{postern: binary, opa: "off", round: 20 * time.Millisecond, rounds: 1, once: 20, many: 50}
	b := &runner{options: o, dir: dir, world: w, report: &report{}}
	t.Cleanup(b.close)
	return b
}

// TestEveryServerIsAskedEverything runs the whole comparison, in which every answer is checked.
func TestEveryServerIsAskedEverything(t *testing.T) {
	b := newRunner(t)
	if err := b.compare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.report.Cells {
		if len(c.Rounds) != b.rounds {
			t.Errorf("%s, %s, %s: %d rounds", c.Part, c.Case, c.Server, len(c.Rounds))
		}
		for _, r := range c.Rounds {
			if r.Answers == 0 || r.CPU <= 0 || r.P50 <= 0 || r.P99 < r.P50 || r.P999 < r.P99 {
				t.Errorf("%s, %s, %s: %+v", c.Part, c.Case, c.Server, r)
			}
		}
	}
	if got := len(b.report.cases(direct)); got != 8 {
		t.Errorf("%d cases asked directly", got)
	}
	if got := len(b.report.cases(envoyed)); got != 6 && len(b.report.Notes) == 0 {
		t.Errorf("%d cases asked through Envoy, and nothing said about it", got)
	}
	if got, want := b.report.servers(direct), []string{noop, floor, floorOne, postern, norecords, verifier}; !slices.Equal(got, want) {
		t.Errorf("servers %q, want %q", got, want)
	}
	if len(b.report.Memory) != 6 {
		t.Errorf("memory of %+v", b.report.Memory)
	}
}

func TestEveryPointIsAsked(t *testing.T) {
	b := newRunner(t)
	small := axes()
	for i := range small {
		small[i].points = small[i].points[:2]
	}
	if err := b.grow(t.Context(), small); err != nil {
		t.Fatal(err)
	}
	for _, a := range small {
		for _, c := range b.report.Cells {
			if c.Part == a.part && (c.X == 0 || len(c.Rounds) != 1) {
				t.Errorf("%s %s %s: at %v, %d rounds", c.Part, c.Case, c.Server, c.X, len(c.Rounds))
			}
		}
		if len(b.report.cases(a.part)) != 2 {
			t.Errorf("%s: %q", a.part, b.report.cases(a.part))
		}
	}
}

// TestOnlyOPAMayFail says that a round that fails ends the run, and OPA-Envoy's only its own part.
func TestOnlyOPAMayFail(t *testing.T) {
	fails := func(context.Context, time.Duration, int) (load.Round, error) {
		return load.Round{}, errors.New("broken")
	}
	works := func(context.Context, time.Duration, int) (load.Round, error) { return load.Round{Answers: 1}, nil }
	for server, whole := range map[string]bool{opa: false, postern: true} {
		b := &runner{options: options{rounds: 2, round: time.Second}, report: &report{}, opaBuilt: true}
		err := b.measure(t.Context(), []plan{
			{&cell{Part: direct, Case: caseMTLS, Server: server}, true, fails},
			{&cell{Part: direct, Case: caseMTLS, Server: noop}, true, works},
		})
		if (err != nil) != whole {
			t.Errorf("%s: %v", server, err)
		}
		if !whole && (len(b.report.Cells) != 1 || b.report.Cells[0].Server != noop || len(b.report.Cells[0].Rounds) != 2 || len(b.report.Notes) != 1) {
			t.Errorf("%s: %+v", server, b.report)
		}
	}
}

func TestVerification(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		run, err := verification(alg)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := run(t.Context(), 0, 0); err != nil || r.CPU <= 0 {
			t.Errorf("%s: %+v, %v", alg, r, err)
		}
	}
	if _, err := verification("none"); err == nil {
		t.Error("none is verified")
	}
}

func TestConditions(t *testing.T) {
	c := setup(t.Context(), options{postern: filepath.Join(t.TempDir(), "none"), rounds: 3, round: time.Second})
	if c.Postern != "unknown" || c.Machine == "" || c.Go == "" || c.Rounds != 3 || c.Time.IsZero() {
		t.Errorf("%+v", c)
	}
}

func TestInParallel(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		seen := make([]int, n)
		if err := inParallel(t.Context(), n, func(i int) { seen[i]++ }); err != nil {
			t.Error(err)
		}
		if slices.ContainsFunc(seen, func(times int) bool { return times != 1 }) {
			t.Errorf("%d: %v", n, seen)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := inParallel(over, 1000, func(i int) { t.Error("it did", i) }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestOnly: what ratios are taken to is measured with what was asked for, and nothing else is.
func TestOnly(t *testing.T) {
	for only, want := range map[string]struct {
		part, name string
		measured   []string
	}{
		"direct, mTLS rule, Postern$": {direct, caseMTLS, []string{noop, floor, postern}},
		"^direct, mTLS":               {direct, caseMTLS, []string{noop, floor, postern, norecords, opa}},
		"Postern, no records":         {direct, caseMTLS, []string{noop, floor, norecords}},
		"envoy":                       {direct, caseMTLS, nil},
		"deny":                        {direct, caseMTLS, nil},
	} {
		b := &runner{options: options{only: regexp.MustCompile(only)}}
		if got := b.wanted(want.part, want.name, []string{noop, floor, postern, norecords, opa}); !slices.Equal(got, want.measured) {
			t.Errorf("%s: %q, want %q", only, got, want.measured)
		}
	}
	b := newRunner(t)
	b.only = regexp.MustCompile("mTLS rule.*, Postern$")
	if err := b.compare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := b.report.servers(direct), []string{noop, floor, postern}; !slices.Equal(got, want) {
		t.Errorf("servers %q, want %q", got, want)
	}
	if got := b.report.cases(direct); !slices.Equal(got, []string{caseMTLS}) {
		t.Errorf("cases %q", got)
	}
	for _, measure := range []func(*runner) error{
		func(b *runner) error { return b.compare(t.Context()) },
		func(b *runner) error { return b.grow(t.Context(), axes()) },
	} {
		b := newRunner(t)
		b.only = regexp.MustCompile("nothing is called so")
		if err := measure(b); !errors.Is(err, errNothing) {
			t.Error(err)
		}
	}
}
