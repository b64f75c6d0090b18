// Command bench measures, in one run, side by side and on one machine, what a check costs:
// Postern beside a grpc-go server on generated code that says yes to everything (the no-op),
// beside one that neither reads the question nor makes the answer (the floor, and the floor on one
// thread), and beside OPA-Envoy where it can be built; asked directly, and through the real Envoy.
//
// Every server is a process of its own. The rounds of all are interleaved, and a ratio is that
// of rounds which ran next to each other: on a machine that does other things only ratios are
// worth quoting.
//
// With -grow it measures how the cost grows instead: with rules, header fields, providers, the
// size of the token, and checks in flight. With -part reload it measures a change of the policy and
// the checks beside it, with -part overload what becomes of ten times more checks than Postern can
// answer on one core.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/postern/postern/e2e/bench/subject"
	"github.com/postern/postern/e2e/bench/world"
)

func main() {
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	err := run(ctx, os.Args[1:])
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted") // whatever failed on the way
	}
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	postern string
	opa     string
	round   time.Duration
	rounds  int
	runs    int
	once    int
	many    int           // rules of the large policy
	still   time.Duration // how long memory must not change before it is called idle
	grow    bool
	part    string
	only    *regexp.Regexp // cells, as "part, case, server"; nil: all
	json    string
	svg     string
	from    string
}

func run(ctx context.Context, args []string) error {
	o := options{many: manyRules, still: 2 * time.Second}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.postern, "postern", "bin/postern", "the binary to measure")
	flags.StringVar(&o.opa, "opa", "build", "the binary of OPA-Envoy; build: try to build "+subject.OPAVersion+"; off: without")
	flags.DurationVar(&o.round, "round", 600*time.Millisecond, "how long one round of one server takes")
	flags.IntVar(&o.rounds, "rounds", 5, "how many rounds each server gets")
	flags.IntVar(&o.runs, "runs", 1, "how often everything is done, each time with new servers")
	flags.IntVar(&o.once, "once", 1500, "how many tokens that were never seen a round has; -part overload has eight times as many")
	flags.BoolVar(&o.grow, "grow", false, "measure how the cost grows")
	flags.StringVar(&o.part, "part", "", "only this part: "+strings.Join(parts(false), " or ")+"; with -grow "+strings.Join(parts(true), ", "))
	flags.Func("only", `only cells whose "part, case, server" this regular expression matches, and what ratios are taken to`, func(text string) (err error) {
		o.only, err = regexp.Compile(text)
		return err
	})
	flags.StringVar(&o.json, "json", "", "write everything that was measured into this file")
	flags.StringVar(&o.svg, "svg", "", "draw the figures into this folder")
	flags.StringVar(&o.from, "from", "", "measure nothing: print and draw what -json wrote into this file")
	kind := flags.String("serve", "", "internal: be a server of this kind")
	socket := flags.String("at", "", "internal: its socket")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected %q", flags.Args())
	case *kind != "":
		return subject.Serve(ctx, subject.Kind(*kind), *socket)
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.from != "" {
		r, err := read(o.from)
		if err != nil {
			return err
		}
		return r.publish(os.Stdout, o)
	}
	return bench(ctx, o)
}

// check says what the flags ask for that cannot be done, before anything is measured.
func (o options) check() error {
	switch {
	case o.from != "" && (o.grow || o.part != "" || o.only != nil):
		return errors.New("-from prints and draws all that the file has: -grow, -part and -only are for measuring")
	case o.rounds < 1 || o.runs < 1 || o.round < 10*time.Millisecond || o.once < 1:
		return errors.New("-rounds, -runs and -once must be at least 1, -round at least 10ms")
	case o.part != "" && !slices.Contains(parts(o.grow), o.part):
		return fmt.Errorf("-part is one of %s, not %q", strings.Join(parts(o.grow), ", "), o.part)
	case (o.part == reloading || o.part == overloading) && (o.only != nil || o.svg != ""):
		return fmt.Errorf("-part %s has no cells for -only to choose, and no figures for -svg to draw", o.part)
	case o.part == overloading && o.once*floodTokens <= floodKept:
		return fmt.Errorf("-part overload needs -once of more than %d, or Postern remembers the tokens that are to be seen once", floodKept/floodTokens)
	}
	if o.json == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Dir(o.json)); err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return nil
}

// parts are what -part can name.
func parts(grow bool) []string {
	if !grow {
		return []string{direct, envoyed, reloading, overloading}
	}
	var all []string
	for _, a := range axes() {
		all = append(all, a.part)
	}
	return all
}

func bench(ctx context.Context, o options) error {
	if _, err := version(ctx, o.postern); err != nil {
		return err
	}
	var all runs
	for n := range o.runs {
		if o.runs > 1 {
			say("run %d of %d", n+1, o.runs)
		}
		r, err := single(ctx, o)
		if r.holds() {
			all.Runs = append(all.Runs, r)
		}
		if err == nil {
			continue
		}
		if ctx.Err() == nil && len(all.Runs) > 0 { // what was measured is not lost
			err = errors.Join(err, all.publish(os.Stdout, o))
		}
		return err
	}
	return all.publish(os.Stdout, o)
}

// single measures everything once.
func single(ctx context.Context, o options) (*report, error) {
	dir, err := os.MkdirTemp("", "bench") // short: the sockets' paths must fit into 107 bytes
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	w, err := world.New(dir)
	if err != nil {
		return nil, err
	}
	b := &runner{options: o, dir: dir, world: w, report: &report{Setup: setup(ctx, o)}, terminal: terminal(os.Stderr)}
	defer b.close()
	if o.part == reloading {
		err = b.reload(ctx, pairsOfRound*b.rounds)
	} else if o.part == overloading {
		err = b.overload(ctx)
	} else if o.grow {
		err = b.grow(ctx, slices.DeleteFunc(axes(), func(a axis) bool { return o.part != "" && a.part != o.part }))
	} else {
		err = b.compare(ctx)
	}
	return b.report, err
}
