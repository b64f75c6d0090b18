package postern

import (
	"sync"
	"testing"

	"github.com/postern/postern/e2e/build"
)

// Binary builds the postern binary, once per test run, and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// built is the outcome of the one build.
var built = sync.OnceValues(func() (string, error) { return build.Command("postern") })
