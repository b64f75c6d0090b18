package idp

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Installed returns the folder of a provider in the user's cache and whether it is there whole.
func Installed(name string) (dir string, ok bool, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", false, fmt.Errorf("no cache folder: %w", err)
	}
	dir = filepath.Join(cache, "postern", name)
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir(), nil
}

// Install makes the folder of a provider: fill puts everything into a new folder beside it,
// which is then renamed. So it appears whole or not at all, and two Installs at once are fine.
// A folder that is there is kept.
func Install(name string, fill func(dir string) error) (string, error) {
	dir, ok, err := Installed(name)
	if err != nil || ok {
		return dir, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil {
		return "", err
	}
	if err := fill(work); err != nil {
		return "", err
	}
	if err := os.Rename(work, dir); err != nil {
		if _, ok, _ := Installed(name); ok {
			return dir, nil // another Install was faster
		}
		return "", err
	}
	return dir, nil
}

// Lack ends a test for want of something on this machine: it is skipped with the reason, and
// fails where CI=true.
func Lack(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
		return
	}
	t.Skip(why)
}
