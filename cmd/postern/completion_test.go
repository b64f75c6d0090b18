package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

func TestValuesOf(t *testing.T) {
	for _, tc := range []struct {
		name, usage string
		want        []string
	}{
		{"output", "text or json", []string{"text", "json"}},
		{"output", "text, json, sarif or github", []string{"text", "json", "sarif", "github"}},
		{"log-level", "debug, info or warn; it is on standard error", []string{"debug", "info", "warn"}},
		{"fail-on", "end with 1 for a finding that is this severe: error, warning or info", []string{"error", "warning", "info"}},
		{"admin", "where it is: loopback IP:PORT, or off", nil},
		{"policies", "directory of policies", nil},
		{"name", "this or that thing", nil},
		{"name", "", nil},
	} {
		if got := valuesOf(&pflag.Flag{Name: tc.name, Usage: tc.usage}); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q: %q, want %q", tc.name, tc.usage, got, tc.want)
		}
	}
	for name, one := range map[string]string{"only": "invalid", "except": "invalid", "kind": "MeshPolicy", "client-certificates": "optional", "app-protocol": "http2"} {
		if got := valuesOf(&pflag.Flag{Name: name}); !slices.Contains(got, one) {
			t.Errorf("--%s has not %s: %q", name, one, got)
		}
	}
}

// TestEveryOutputIsCompleted goes by the help of the flags: a command whose --output has values
// that nobody can complete has another way to say which there are.
func TestEveryOutputIsCompleted(t *testing.T) {
	root := rootCommand()
	count := 0
	for _, c := range root.Commands() {
		f := c.Flags().Lookup("output")
		if f == nil || f.Usage == "json" {
			continue
		}
		count++
		if values := valuesOf(f); len(values) < 2 || values[0] != f.DefValue {
			t.Errorf("%s --output has %q, and is %q by default", c.Name(), values, f.DefValue)
		}
	}
	if count < 2 {
		t.Errorf("%d commands have --output", count)
	}
}
