package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheFlagsOfTestAreDocumented holds docs/testing.md to the flags and their defaults.
func TestTheFlagsOfTestAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| flag of `postern test [DIR]` | default | |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		name, _, _ := strings.Cut(strings.Trim(cells[1], " `-"), "`")
		documented[name] = strings.Trim(cells[2], " `")
	}
	testCommand().Flags().VisitAll(func(f *pflag.Flag) {
		got, ok := documented[f.Name]
		delete(documented, f.Name)
		want := f.DefValue
		if want == "false" {
			want = "no"
		}
		switch {
		case !ok:
			t.Errorf("--%s is not documented", f.Name)
		case got != want:
			t.Errorf("--%s is %q by default, not %q", f.Name, want, got)
		}
	})
	for name := range documented {
		t.Errorf("--%s is documented, and there is none", name)
	}
}
