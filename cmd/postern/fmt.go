package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/syntax"
)

// fmtCommand is postern fmt: it writes policies in their canonical form.
func fmtCommand() *cobra.Command {
	var f fmtFlags
	c := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Write policies in their one canonical form, with their comments",
		Long: `Rewrites policy files in place and prints the names of those that changed. A PATH is a file,
or a directory of which it takes every *.yaml below; left out, it is the working directory.
With - it reads standard input and writes standard output.

Fields stand in the order of the reference, two spaces indent, short lists and mappings stay
in brackets, and quotes stand where YAML needs them. Every comment stays with what it stands
above or beside. What a policy says never changes; the digest of its text does.

Nothing is written when any file has a fault: it is reported as file:line:column, and the exit
code is 2. With --check or --diff nothing is written at all, and the exit code is 1 when a file
is in another form.`,
		Example: `  postern fmt policies/
  postern fmt --check policies/          # in CI
  postern fmt --diff policies/orders.yaml
  postern fmt - < orders.yaml            # in an editor`,
		ValidArgsFunction: cobra.FixedCompletions([]string{"yaml"}, cobra.ShellCompDirectiveFilterFileExt),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("output", f.output, "text", "json"); err != nil {
				return err
			}
			return f.run(args, c)
		},
	}
	c.Flags().BoolVar(&f.check, "check", false, "write nothing, print the names of files that would change, and end with 1 when there are any")
	c.Flags().BoolVar(&f.diff, "diff", false, "like --check, and print what would change as a unified diff")
	c.Flags().StringVar(&f.output, "output", "text", "text or json")
	return c
}

type fmtFlags struct {
	check, diff bool
	output      string
}

// errFmtFaults follows faults that were printed.
var errFmtFaults = errors.New("nothing was written")

// standardInput is what errors call it.
const standardInput = "standard input"

func (f *fmtFlags) run(paths []string, c *cobra.Command) error {
	switch {
	case len(paths) == 0:
		paths = []string{"."}
	case len(paths) > 1 && slices.Contains(paths, "-"):
		return errors.New("- is standard input: it stands alone")
	}
	if err := areThere(paths); err != nil {
		return err
	}
	result, err := f.format(paths, c.InOrStdin())
	var faults *syntax.Errors
	switch {
	case errors.As(err, &faults): // each begins with its place, for editors
		return errors.Join(say(c.ErrOrStderr(), shown(faults.Error())+"\n"), errFmtFaults)
	case err != nil:
		return err
	case f.output == "json":
		return result.json(c.OutOrStdout())
	default:
		return result.text(c.OutOrStdout())
	}
}

// areThere says which paths are not: that is no fault of a file, and nothing was begun.
func areThere(paths []string) error {
	var errs []error
	for _, path := range paths {
		if _, err := os.Stat(path); path != "-" && err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, causeOf(err)))
		}
	}
	return errors.Join(errs...)
}

// format formats the files and, unless they are only looked at, writes those that change.
func (f *fmtFlags) format(paths []string, stdin io.Reader) (*formatted, error) {
	if paths[0] == "-" {
		return f.standardInput(stdin)
	}
	var faults syntax.Errors
	folders, err := readFolders(paths)
	faults.Add(err)
	result := &formatted{looked: f.looks()}
	for _, folder := range folders {
		for _, t := range folder.texts {
			result.Files++
			text, err := format.Source(folder.shown(t.Name), t.Text)
			faults.Add(err)
			if err == nil && f.compare(result, folder.shown(t.Name), t.Text, text) {
				folder.changes = append(folder.changes, directory.Change{Name: t.Name, Before: t.Text, After: text})
			}
		}
	}
	if err := faults.Err(); err != nil || f.looks() {
		return result, err
	}
	return result, replaceAll(folders)
}

// standardInput formats it to standard output, unless it is only looked at.
func (f *fmtFlags) standardInput(stdin io.Reader) (*formatted, error) {
	text, err := io.ReadAll(io.LimitReader(stdin, syntax.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", standardInput, err)
	}
	again, err := format.Source(standardInput, text)
	if err != nil {
		return nil, err
	}
	result := &formatted{Files: 1, looked: f.looks()}
	f.compare(result, standardInput, text, again)
	if !f.looks() {
		result.Text = string(again)
	}
	return result, nil
}

// looks says that nothing is written.
func (f *fmtFlags) looks() bool { return f.check || f.diff }

// compare says whether a file changes, and notes it.
func (f *fmtFlags) compare(result *formatted, name string, text, again []byte) bool {
	if bytes.Equal(text, again) {
		return false
	}
	file := changedFile{File: name}
	if f.diff {
		file.Diff = string(diff.Diff(name+".orig", text, name, again))
	}
	result.Changed = append(result.Changed, file)
	return true
}
