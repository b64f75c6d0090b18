package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheFlagsOfTestAreDocumented holds docs/testing.md to the flags and their defaults.
func TestTheFlagsOfTestAreDocumented(t *testing.T) {
	flagsAreDocumented(t, "../../docs/testing.md", "test", testCommand().Flags())
}

// TestTheFlagsOfExplainAreDocumented does the same for docs/explain.md.
func TestTheFlagsOfExplainAreDocumented(t *testing.T) {
	flagsAreDocumented(t, "../../docs/explain.md", "explain", explainCommand().Flags())
}

func flagsAreDocumented(t *testing.T, file, command string, flags *pflag.FlagSet) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| flag of `postern "+command+" [DIR]` | default | |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		for name := range strings.SplitSeq(cells[1], ",") {
			if name, ok := strings.CutPrefix(strings.Trim(name, " "), "`--"); ok {
				documented[strings.TrimSuffix(name, "`")] = strings.Trim(cells[2], " `")
			}
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		got, ok := documented[f.Name]
		delete(documented, f.Name)
		want := f.DefValue
		switch {
		case want == "false":
			want = "no"
		case slices.Contains([]string{"[]", "0s"}, want):
			want = ""
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
