package main

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestTheFlagsOfEnvoyAreDocumented holds docs/envoy.md to the flags and their defaults.
func TestTheFlagsOfEnvoyAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/envoy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| flag of `postern envoy` | default | |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		documented[strings.Trim(cells[1], " `-")] = strings.Trim(cells[2], " `")
	}
	envoyCommand().Flags().VisitAll(func(f *pflag.Flag) {
		got, ok := documented[f.Name]
		delete(documented, f.Name)
		switch want := f.DefValue; {
		case !ok:
			t.Errorf("--%s is not documented", f.Name)
		case want == "[]" || f.Name == "client-ca":
		case want == "false" && got != "no", want != "false" && got != want:
			t.Errorf("--%s is %q by default, not %q", f.Name, want, got)
		}
	})
	for name := range documented {
		t.Errorf("--%s is documented, and there is none", name)
	}
}

// TestFlagsThatAreMissing: everything wrong is reported at once, and nothing is printed.
func TestFlagsThatAreMissing(t *testing.T) {
	f := envoyFlags{upstreams: []string{"x"}, clients: "maybe", output: "xml", admin: "off"}
	_, err := f.options()
	if err == nil {
		t.Fatal("no error")
	}
	for _, flag := range []string{"--workload", "--listen", "--app", "--authz", "--upstream", "--client-certificates", "--output"} {
		if !strings.Contains(err.Error(), flag) {
			t.Errorf("%s is not in %q", flag, err)
		}
	}
}
