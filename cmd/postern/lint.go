package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/lint"
	"github.com/postern/postern/policy/lint/output"
)

// lintCommand is postern lint: it finds what is wrong with policies.
func lintCommand() *cobra.Command {
	var f lintFlags
	c := &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Find what is wrong with policies, and mend some of it",
		Long: `Reads a directory of policies, the current one unless it is named, and prints what is wrong with
them: rules that do nothing, allows that are too wide, denies that never match, dates that pass.
Each finding has a code that docs/lint.md explains. It ends with 0 when there is no finding of
the severity of --fail-on, with 1 when there is one, and with 2 when something would not be
loaded or could not be read.

A comment on the line above silences a finding, and says why:

  # postern:allow anonymous-write: the front page counts visits

With --fix what can be mended without changing a decision is mended in the files, and the rest
is printed. Without --secrets nobody looks for the files that policies name.`,
		Example: `  postern lint policies/
  postern lint --fix policies/
  postern lint --output sarif policies/ > lint.sarif
  postern lint --output github --fail-on error`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.dir = args[0]
			}
			return f.run(c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f.register(c.Flags())
	return c
}

// errInvalid is the error of policies that would not be loaded, which is printed already.
var errInvalid = errors.New("these policies would not be loaded")

// lintFlags are the flags of postern lint, and its argument.
type lintFlags struct {
	dir, secrets, output, failOn string
	only, except                 []string
	fix                          bool
}

func (f *lintFlags) register(flags *pflag.FlagSet) {
	f.dir = "."
	flags.StringVar(&f.secrets, "secrets", "", "directory of what file: in a policy may name: find those that are missing")
	flags.StringVar(&f.output, "output", "text", "text, json, sarif or github")
	flags.StringSliceVar(&f.only, "only", nil, "look for these codes alone")
	flags.StringSliceVar(&f.except, "except", nil, "do not look for these codes")
	flags.StringVar(&f.failOn, "fail-on", "warning", "end with 1 for a finding that is this severe: error, warning or info")
	flags.BoolVar(&f.fix, "fix", false, "mend in the files what can be mended without changing a decision")
}

func (f *lintFlags) run(out, errOut io.Writer) error {
	options, failOn, err := f.options()
	if err != nil {
		return err
	}
	files, err := directory.Read(f.dir)
	if err != nil {
		return err
	}
	options.Faults, options.JSON = f.faults(files), files.JSON
	sources := make([]lint.Source, 0, len(files.Texts))
	for _, t := range files.Texts {
		sources = append(sources, lint.Source(t))
	}
	report := (*lint.Report)(nil)
	if f.fix {
		sources, report, err = f.mend(sources, options, errOut)
	} else {
		report = lint.Run(sources, options)
	}
	if err != nil {
		return err
	}
	if err := f.print(out, report, sources); err != nil {
		return err
	}
	switch {
	case report.Invalid():
		return errInvalid
	case report.Worst() >= failOn:
		return errFound
	}
	return nil
}

// options reads the flags.
func (f *lintFlags) options() (lint.Options, lint.Severity, error) {
	o := lint.Options{Now: time.Now()}
	failOn, ok := lint.ParseSeverity(f.failOn)
	errs := []error{oneOf("output", f.output, "text", "json", "sarif", "github")}
	if !ok {
		errs = append(errs, oneOf("fail-on", f.failOn, "error", "warning", "info"))
	}
	codes := func(flag string, names []string) (all []lint.Code) {
		for _, name := range names {
			code, err := lint.ParseCode(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
			}
			all = append(all, code)
		}
		return all
	}
	o.Only, o.Except = codes("only", f.only), codes("except", f.except)
	return o, failOn, errors.Join(errs...)
}

// faults returns what is wrong with the directory, and, where it is known in which files are that
// policies name, with those.
func (f *lintFlags) faults(files *directory.Files) error {
	if f.secrets == "" {
		return files.Faults
	}
	_, err := directory.Load(f.dir, f.secrets)
	return errors.Join(files.Faults, err)
}

// mend writes files that are mended, and returns what they hold then.
func (f *lintFlags) mend(sources []lint.Source, o lint.Options, errOut io.Writer) ([]lint.Source, *lint.Report, error) {
	m, err := lint.Mend(sources, o)
	if err != nil {
		return nil, nil, err
	}
	var changes []directory.Change
	for i, s := range m.Sources {
		if string(s.Text) != string(sources[i].Text) {
			changes = append(changes, directory.Change{Name: s.Name, Before: sources[i].Text, After: s.Text})
		}
	}
	if err := (&folder{dir: f.dir, changes: changes}).replace(); err != nil {
		return nil, nil, fmt.Errorf("--fix: %w", err)
	}
	for _, c := range changes {
		if _, err := fmt.Fprintf(errOut, "mended %s\n", f.path(c.Name)); err != nil {
			return nil, nil, err
		}
	}
	return m.Sources, m.Report, nil
}

func (f *lintFlags) print(out io.Writer, report *lint.Report, sources []lint.Source) error {
	w := &output.Writer{Path: f.path, Sources: map[string][]byte{}, Colour: wantsColour(out)}
	for _, s := range sources {
		w.Sources[s.Name] = s.Text
	}
	switch f.output {
	case "json":
		return w.JSON(out, report)
	case "sarif":
		return w.SARIF(out, report)
	case "github":
		return w.GitHub(out, report)
	default:
		return w.Text(out, report)
	}
}

// path names a file as whoever called can open it, and as code scanners want it: from the
// current directory where it is below that.
func (f *lintFlags) path(name string) string {
	full := filepath.Join(f.dir, filepath.FromSlash(name))
	if !filepath.IsAbs(full) {
		return filepath.ToSlash(full)
	}
	if here, err := os.Getwd(); err == nil {
		if below, err := filepath.Rel(here, full); err == nil && filepath.IsLocal(below) {
			full = below
		}
	}
	return filepath.ToSlash(full)
}

// wantsColour says that people look at what is written, and want colours (https://no-color.org).
func wantsColour(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || strings.EqualFold(os.Getenv("TERM"), "dumb") {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
