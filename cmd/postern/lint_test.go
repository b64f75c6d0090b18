package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheFlagsOfLintAreDocumented holds docs/lint.md to the flags and their defaults.
func TestTheFlagsOfLintAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| flag of `postern lint [DIR]` | default | |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		documented[strings.Trim(cells[1], " `-")] = strings.Trim(cells[2], " `")
	}
	lintCommand().Flags().VisitAll(func(f *pflag.Flag) {
		got, ok := documented[f.Name]
		delete(documented, f.Name)
		switch want := strings.Trim(f.DefValue, "[]"); {
		case !ok:
			t.Errorf("--%s is not documented", f.Name)
		case want == "false" && got != "no", want != "false" && got != want:
			t.Errorf("--%s is %q by default, not %q", f.Name, want, got)
		}
	})
	for name := range documented {
		t.Errorf("--%s is documented, and there is none", name)
	}
}

// TestPathsAreThoseOfTheCaller names files so that they can be opened, and so that GitHub finds
// them in the repository.
func TestPathsAreThoseOfTheCaller(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		".": "a/b.yaml", "policies": "policies/a/b.yaml", "../x": "../x/a/b.yaml", filepath.Join(here, "p"): "p/a/b.yaml", "/elsewhere": "/elsewhere/a/b.yaml",
	} {
		if got := (&lintFlags{dir: dir}).path("a/b.yaml"); got != want {
			t.Errorf("in %s: %s, want %s", dir, got, want)
		}
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	for name, tc := range map[string]struct {
		out  io.Writer
		want bool
	}{"nowhere": {io.Discard, false}, "a file": {file, false}, "a device": {null, true}} {
		if got := wantsColour(tc.out); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	t.Setenv("NO_COLOR", "1")
	if wantsColour(null) {
		t.Error("NO_COLOR is not looked at")
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	if wantsColour(null) {
		t.Error("TERM is not looked at")
	}
}
