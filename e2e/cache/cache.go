// Package cache is where the end-to-end tests keep the real parts that were fetched or built once: a
// folder for each in the user's cache, which is there whole or not at all.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Folder returns the folder of a part in the user's cache, whether it is there or not.
func Folder(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	return filepath.Join(cache, "postern", name), nil
}

// Installed returns the folder of a part and whether it is there whole.
func Installed(name string) (dir string, ok bool, err error) {
	if dir, err = Folder(name); err != nil {
		return "", false, err
	}
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir(), nil
}

// Install makes the folder of a part: fill puts everything into a new folder beside it,
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

// CheckSum fails unless the file at path has the SHA-256 sum, in hex.
func CheckSum(path, sum string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("%s: SHA-256 is %s, want %s", path, got, sum)
	}
	return nil
}
