package envoy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/postern/postern/e2e/cache"
)

// ErrNotFound says that there is no Envoy on this machine.
var ErrNotFound = errors.New("no Envoy found: run \"make envoy\" (it fetches " + Version + "), or set POSTERN_ENVOY to a binary")

// Binary returns the path of an Envoy of a supported version: the one that $POSTERN_ENVOY
// names, else the fetched one, else "envoy" on PATH. It is ErrNotFound when there is none, and
// another error when the one that was named cannot serve.
func Binary() (string, error) {
	if path := os.Getenv("POSTERN_ENVOY"); path != "" {
		if err := supported(path); err != nil {
			return "", fmt.Errorf("POSTERN_ENVOY: %w", err)
		}
		return path, nil
	}
	if path, err := cached(); err == nil {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil // Fetch checked its sum before it got this name
		}
	}
	if path, err := exec.LookPath("envoy"); err == nil && supported(path) == nil {
		return path, nil
	}
	return "", ErrNotFound
}

// cached returns where Fetch puts the binary, whether it is there or not.
func cached() (string, error) {
	dir, err := cache.Folder("envoy-" + Version)
	return filepath.Join(dir, "envoy"), err
}
