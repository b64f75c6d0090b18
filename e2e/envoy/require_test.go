package envoy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/envoy"
)

// A verdict is a testing.TB that notes how its test would have ended.
type verdict struct {
	testing.TB
	fatal, skip string
}

// An end is how a verdict stops whom it was given to.
type end struct{}

func (v *verdict) Helper() {}

func (v *verdict) Fatal(args ...any) {
	v.fatal = fmt.Sprint(args...)
	panic(end{})
}

func (v *verdict) Skip(args ...any) {
	v.skip = fmt.Sprint(args...)
	panic(end{})
}

// TestWithoutEnvoyCIFails holds that no test passes for want of an Envoy: where CI=true it fails,
// elsewhere it is skipped, and both say what to do.
func TestWithoutEnvoyCIFails(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", empty)
	t.Setenv("PATH", empty)
	t.Setenv("POSTERN_ENVOY", "")
	for ci, fails := range map[string]bool{"true": true, "": false} {
		t.Setenv("CI", ci)
		v := &verdict{TB: t}
		func() {
			defer func() {
				if p := recover(); p != (end{}) {
					t.Errorf("CI=%q: Require went on, or panicked: %v", ci, p)
				}
			}()
			envoy.Require(v)
		}()
		said := v.skip
		if fails {
			said = v.fatal
		}
		if !strings.Contains(said, "make envoy") || (v.fatal != "") != fails {
			t.Errorf("CI=%q: fatal %q, skip %q", ci, v.fatal, v.skip)
		}
	}
}
