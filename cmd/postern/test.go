package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/coverage"
	"github.com/postern/postern/policy/suite/report"
)

// testCommand is postern test: it runs the tests of policies.
func testCommand() *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests that stand beside policies, or write first ones",
		Long: `Reads a directory of policies, the current one unless it is named, and runs every PolicyTest in
it: requests, each with a caller and a user, and what must come of it. For a test that fails it
prints what was expected, what came, and what of which rule stood between. It ends with 0 when
all pass, with 1 when one fails or the coverage is below --coverage-min, and with 2 when nothing
could be run.

Coverage is how many of a hundred outcomes some test has seen: each rule matching, and each of
its conjuncts failing alone.

With --init it writes first tests from the policies and runs none. No file is overwritten.`,
		Example: `  postern test policies/
  postern test --run 'orders: .*reader' -v
  postern test --coverage --coverage-min 90 --junit results.xml
  postern test --init policies/`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("init") {
				return f.writeTests(c.OutOrStdout(), args)
			}
			if len(args) > 1 {
				return fmt.Errorf("one directory at a time, and not %q", args)
			}
			return f.runTests(c, args)
		},
	}
	f.register(c.Flags())
	for _, other := range []string{"run", "junit", "coverage", "coverage-html", "coverage-min", "verbose", "output"} {
		c.MarkFlagsMutuallyExclusive("init", other)
	}
	return c
}

// testFlags are the flags of postern test.
type testFlags struct {
	secrets, workload, run, output, junit, html, init string
	verbose, coverage                                 bool
	least                                             float64
}

func (f *testFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.secrets, "secrets", "", "directory of what file: in a policy may name")
	flags.StringVar(&f.workload, "workload", "", "run, or write, only the tests of this SPIFFE ID")
	flags.StringVar(&f.run, "run", "", "run only the tests whose name this regular expression matches: namespace/document: test: case")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "print the tests that pass, too")
	flags.StringVar(&f.output, "output", "text", "text or json")
	flags.StringVar(&f.junit, "junit", "", "write the results to this file, in the XML of JUnit")
	flags.BoolVar(&f.coverage, "coverage", false, "print what no test has seen")
	flags.StringVar(&f.html, "coverage-html", "", "write the policies to this file, as a page with colours for what was seen")
	flags.Float64Var(&f.least, "coverage-min", 0, "fail when fewer of a hundred outcomes were seen")
	flags.StringVar(&f.init, "init", "", "write first tests, to this file if one is named")
	flags.Lookup("init").NoOptDefVal = chosenFile
}

// runTests loads, runs and prints.
func (f *testFlags) runTests(c *cobra.Command, args []string) error {
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	filter, err := f.filter()
	if err != nil {
		return err
	}
	content, err := directory.LoadOffline(dir, f.secrets)
	if err != nil {
		return err
	}
	if err := checkWorkload(f.workload, content.Documents); err != nil {
		return err
	}
	s, err := suite.New(content.Documents, suite.Options{Now: time.Now(), Check: readable})
	if err != nil {
		return err
	}
	if s.Len() == 0 {
		return fmt.Errorf("%s: no tests: there is no PolicyTest; postern test --init %s writes a first one", dir, dir)
	}
	results := s.Run(filter)
	if len(results) == 0 {
		return noneChosen(dir, s)
	}
	var seen *coverage.Report
	if f.coverage || f.html != "" || f.least > 0 {
		seen = coverage.Measure(content.Documents, results)
	}
	if err := f.writeFiles(dir, results, seen); err != nil {
		return err
	}
	if err := f.print(c.OutOrStdout(), results, seen); err != nil {
		return err
	}
	return f.verdict(c.ErrOrStderr(), results, seen)
}

// noneChosen names tests, when --run and --workload leave none over.
func noneChosen(dir string, s *suite.Suite) error {
	const few = 10
	var names []string
	s.Run(func(test, workload string) bool {
		names = append(names, test+" ("+workload+")")
		return false
	})
	count := "the only test is"
	if len(names) > 1 {
		count = fmt.Sprintf("the %d tests are", len(names))
	}
	if len(names) > few {
		names = append(names[:few], "…")
	}
	return fmt.Errorf("%s: --run and --workload leave no test over: %s\n%s", dir, count, strings.Join(names, "\n"))
}

func (f *testFlags) filter() (suite.Filter, error) {
	if err := oneOf("output", f.output, "text", "json"); err != nil {
		return nil, err
	}
	if f.least < 0 || f.least > 100 {
		return nil, fmt.Errorf("--coverage-min is 0 to 100, not %v", f.least)
	}
	name, err := regexp.Compile(f.run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	return func(test, workload string) bool {
		return name.MatchString(test) && (f.workload == "" || f.workload == workload)
	}, nil
}

func (f *testFlags) print(out io.Writer, results []suite.Result, seen *coverage.Report) error {
	if f.output == "json" {
		var value any
		if seen != nil {
			value = seen.JSON()
		}
		return report.JSON(out, results, value)
	}
	if err := report.Text(out, results, f.verbose); err != nil {
		return err
	}
	if f.coverage {
		return seen.Text(out)
	}
	return nil
}

// writeFiles writes the files that were asked for, whole.
func (f *testFlags) writeFiles(dir string, results []suite.Result, seen *coverage.Report) error {
	if f.junit != "" {
		err := replaceFile(f.junit, func(w io.Writer) error { return report.JUnit(w, results) })
		if err != nil {
			return fmt.Errorf("--junit: %w", err)
		}
	}
	if f.html != "" {
		source := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))) }
		err := replaceFile(f.html, func(w io.Writer) error { return seen.HTML(w, source) })
		if err != nil {
			return fmt.Errorf("--coverage-html: %w", err)
		}
	}
	return nil
}

// replaceFile puts a file in place when all of it is written.
func replaceFile(name string, write func(io.Writer) error) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(temporary), temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

// verdict is errFound when a test failed or too little was seen.
func (f *testFlags) verdict(out io.Writer, results []suite.Result, seen *coverage.Report) error {
	if seen != nil && seen.Percent() < f.least {
		fmt.Fprintf(out, "coverage %s is below the %v%% of --coverage-min\n", seen, f.least)
		return errFound
	}
	for i := range results {
		if !results[i].Passed() {
			return errFound
		}
	}
	return nil
}
