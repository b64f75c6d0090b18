package postern

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Binary builds the postern binary, once per test run, and returns its path. With
// POSTERN_E2E_RACE=1 it has the race detector.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// built is the outcome of the one build.
var built = sync.OnceValues(build)

// build puts the binary under a name of its own into the user's cache folder and then renames
// it: test binaries of several packages run at once, and no run may leave one behind.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	name, args := "postern", []string{"build"}
	if os.Getenv("POSTERN_E2E_RACE") == "1" {
		name, args = "postern-race", []string{"build", "-race"}
	}
	dir := filepath.Join(cache, "postern", "e2e", fmt.Sprint(os.Getuid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fresh := filepath.Join(work, name)
	args = append(args, "-o", fresh, "github.com/postern/postern/cmd/postern")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	path := filepath.Join(dir, name)
	return path, os.Rename(fresh, path)
}
