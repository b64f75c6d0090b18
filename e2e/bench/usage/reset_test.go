package usage_test

import (
	"os"
	"testing"

	"github.com/postern/postern/e2e/bench/usage"
)

// TestResetMost: the most that a process had is what it has now.
func TestResetMost(t *testing.T) {
	pid := os.Getpid()
	if err := usage.ResetMost(pid); err != nil {
		t.Skip(err) // only Linux does
	}
	now, most, err := usage.Memory(pid)
	if err != nil || most > 2*now {
		t.Errorf("%d now, %d at most, %v", now, most, err)
	}
}
