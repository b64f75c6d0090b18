package process_test

import (
	"slices"
	"testing"

	"github.com/postern/postern/e2e/process"
)

func TestEnvironmentSetsNoFlag(t *testing.T) {
	t.Setenv("POSTERN_LISTEN", "nowhere")
	t.Setenv("POSTERN_DEV_LISTEN", "nowhere")
	t.Setenv("SPIFFE_ENDPOINT_SOCKET", "nowhere")
	t.Setenv("KEPT", "here")
	got := process.Environment()
	if slices.ContainsFunc(got, func(v string) bool { return v[max(0, len(v)-7):] == "nowhere" }) {
		t.Errorf("a flag is set: %q", got)
	}
	if !slices.Contains(got, "KEPT=here") {
		t.Error("the rest is not kept")
	}
}
