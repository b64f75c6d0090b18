package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/suite/draft"
)

// chosenFile is the value of --init without one. It is no file's name.
const chosenFile = "*"

// writeTests writes first tests, into a file that does not exist.
func (f *testFlags) writeTests(out io.Writer, args []string) error {
	dir, file, err := f.places(args)
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
	options := draft.Options{Options: suite.Options{Now: time.Now(), Check: readable}}
	if f.workload != "" {
		options.Workloads = []string{f.workload}
	}
	d, err := draft.Write(content.Documents, options)
	if errors.Is(err, draft.ErrTested) {
		return fmt.Errorf("%s: %w, with --workload", dir, err)
	}
	if err != nil {
		return err
	}
	if file == "" {
		file = filepath.Join(dir, d.Names[0]+"_test.yaml")
		if len(d.Names) > 1 {
			file = filepath.Join(dir, "policies_test.yaml")
		}
	}
	if err := createFile(file, d.Text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %d tests, which all pass: read what they expect, and make it yours\n", file, d.Tests)
	return err
}

// places returns the directory of the policies, and the file to write when one is named: the value
// of --init, or what stands behind it.
func (f *testFlags) places(args []string) (dir, file string, err error) {
	dir = "."
	if f.init != chosenFile {
		file = f.init
	}
	dirs := 0
	for _, arg := range args {
		if info, err := os.Stat(arg); file == "" && strings.HasSuffix(arg, ".yaml") && (err != nil || !info.IsDir()) {
			file = arg
			continue
		}
		dir = arg
		dirs++
	}
	switch {
	case dirs > 1:
		return "", "", fmt.Errorf("--init takes one directory and one file *.yaml, and not %q", args)
	case file != "" && !strings.HasSuffix(file, ".yaml"):
		return "", "", fmt.Errorf("--init: %s would not be read: policies and their tests are named *.yaml", file)
	}
	return dir, file, nil
}

// createFile writes a file that is not there yet, or leaves none.
func createFile(name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already, and nothing is overwritten: name another file, --init=FILE", name)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
