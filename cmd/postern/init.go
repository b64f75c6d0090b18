package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// starter is what init writes.
//
//go:embed all:starter
var starter embed.FS

func initCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented policy, its tests and their CI into an empty directory",
		Long: `Init writes a policy with comments, tests for it, a workflow for GitHub Actions and hooks for
pre-commit into a directory that is empty or does not exist yet (a .git in it does no harm).
Nothing is ever overwritten.

  postern init policies && cd policies
  postern lint && postern test`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			if err := oneOf("output", output, "text", "json"); err != nil {
				return err
			}
			written, err := writeStarter(dir)
			if err != nil {
				return err
			}
			return printStarter(c.OutOrStdout(), output, dir, written)
		},
	}
	c.Flags().StringVar(&output, "output", "text", "text or json")
	return c
}

// writeStarter writes every file of the starter below dir, or none.
func writeStarter(dir string) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			return nil, fmt.Errorf("%s is not empty: it has %s; name a directory that is, as in: postern init policies", dir, e.Name())
		}
	}
	defer func() {
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
			}
			written = nil
		}
	}()
	err = fs.WalkDir(starter, "starter", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(starter, name)
		if err != nil {
			return err
		}
		below := strings.TrimPrefix(name, "starter/")
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(below)), strings.ReplaceAll(string(text), "@VERSION", "@"+installable())); err != nil {
			return err
		}
		written = append(written, path.Clean(below))
		return nil
	})
	return written, err
}

func writeNew(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// installable is the version that `go install` is asked for: ours, where it is one.
func installable() string {
	if v := buildVersion(); strings.HasPrefix(v, "v") && !strings.Contains(v, "+") {
		return v
	}
	return "latest"
}

func printStarter(to io.Writer, output, dir string, written []string) error {
	if output == "json" {
		return json.NewEncoder(to).Encode(map[string]any{"directory": dir, "written": written})
	}
	for _, name := range written {
		if _, err := fmt.Fprintln(to, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(to, "\nNext: edit orders.yaml, then\n  postern lint %[1]s\n  postern test --coverage %[1]s\n"+
		"The workflow and the hooks are for a repository whose root this directory is. In another, move them to its root,\nand name this directory where they say a dot.\n", dir)
	return err
}
