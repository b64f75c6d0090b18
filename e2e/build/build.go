// Package build builds the commands of this module for tests that run them.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Command builds cmd/NAME and returns the path of the binary, which is in the user's cache
// folder. It decodes every check in both ways (see extauthz), and refuses one that they do not read
// the same. With POSTERN_E2E_RACE=1 it has the race detector.
//
// It is built under a name of its own and then renamed: test binaries of several packages run
// at once, a process may still run the last one, and no run may leave one behind. It is built
// over a copy of the last one, which go build leaves as it is when it would be the same: to link
// takes longer.
func Command(name string) (string, error) {
	dir, err := folder()
	if err != nil {
		return "", err
	}
	file, args := name, []string{"build", "-tags", "e2e_twice"}
	if os.Getenv("POSTERN_E2E_RACE") == "1" {
		file, args = name+"-race", append(args, "-race")
	}
	work, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fresh, path := filepath.Join(work, file), filepath.Join(dir, file)
	if err := duplicate(fresh, path); err != nil {
		return "", err
	}
	args = append(args, "-o", fresh, "github.com/postern/postern/cmd/"+name)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, os.Rename(fresh, path)
}

// duplicate copies a program, if it is there.
func duplicate(to, from string) error {
	program, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, program, 0o755)
}

// folder is in the user's cache, one for each checkout: no checkout may test another's binary.
func folder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w", err)
	}
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	of := sha256.Sum256(module)
	dir := filepath.Join(cache, "postern", "e2e", hex.EncodeToString(of[:8]))
	return dir, os.MkdirAll(dir, 0o755)
}
