package spire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/e2e/cache"
)

// packages is about how many packages the two commands are made of, for the progress.
const packages = 1800

// Build puts the pinned server and agent into the user's cache folder and returns that. It
// says on progress what it does, every few seconds. Binaries that are there already are kept.
// The folder appears whole or not at all, so two Builds at once are fine, only slow.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	dir, err := cached()
	if err != nil {
		return "", err
	}
	if whole(dir) {
		fmt.Fprintf(progress, "spire: %s is there\n", dir)
		return dir, nil
	}
	if err := compiler(ctx); err != nil {
		return "", err
	}
	if _, err := cache.Install(folder(), func(bin string) error {
		work, err := os.MkdirTemp("", "spire-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work)
		fmt.Fprintf(progress, "spire: fetching %s from the Go module proxy\n", Version)
		source, err := download(ctx, work)
		if err != nil {
			return err
		}
		return compile(ctx, source, bin, progress)
	}); err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "spire: %s is ready\n", dir)
	return dir, nil
}

// compiler fails unless cgo can be used, which SPIRE's sqlite needs. It is better to know
// that before ten minutes of building.
func compiler(ctx context.Context) error {
	out, err := goCommand(ctx, "", "env", "CGO_ENABLED", "CC").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	enabled, cc, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	name, _, _ := strings.Cut(cc, " ")
	if _, err := exec.LookPath(name); err != nil || enabled != "1" {
		return fmt.Errorf("SPIRE's database needs cgo and a C compiler (Debian: apt-get install gcc libc6-dev): CGO_ENABLED is %q, CC is %q", enabled, cc)
	}
	return nil
}

// download fetches the module, checks it against the pinned hash and copies it into work,
// since a folder of the module cache is read-only. It returns the copy.
func download(ctx context.Context, work string) (string, error) {
	out, err := goCommand(ctx, work, "mod", "download", "-json", module).Output()
	got, parseErr := parseDownload(out)
	if parseErr != nil {
		return "", errors.Join(parseErr, err)
	}
	source := filepath.Join(work, "source")
	if err := os.CopyFS(source, os.DirFS(got)); err != nil {
		return "", fmt.Errorf("copying %s: %w", got, err)
	}
	return source, nil
}

// parseDownload reads what go mod download -json printed and returns the folder of the module,
// if it has the pinned hash.
func parseDownload(out []byte) (string, error) {
	var m struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", fmt.Errorf("go mod download %s said %q: %w", module, out, err)
	}
	switch {
	case m.Error != "":
		return "", fmt.Errorf("go mod download %s: %s", module, m.Error)
	case m.Sum != sum:
		return "", fmt.Errorf("%s has the hash %q, want %q: the proxy or the module cache has another SPIRE", module, m.Sum, sum)
	case m.Dir == "":
		return "", fmt.Errorf("go mod download %s names no folder", module)
	}
	return m.Dir, nil
}

// compile builds both commands into bin. Both in one go, so that they share packages.
func compile(ctx context.Context, source, bin string, progress io.Writer) error {
	fmt.Fprintf(progress, "spire: building about %d packages, once; that takes 8 to 20 minutes on two cores\n", packages)
	count := &counter{}
	cmd := goCommand(ctx, source, "build", "-v", "-trimpath",
		"-ldflags", "-s -w -X github.com/spiffe/spire/pkg/common/version.gittag="+Version,
		"-o", bin+string(filepath.Separator), "./cmd/"+serverName, "./cmd/"+agentName)
	cmd.Stderr = count
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for begun := time.Now(); ; {
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("go build: %w\n%s", err, count.end())
			}
			fmt.Fprintf(progress, "spire: built in %v\n", time.Since(begun).Round(time.Second))
			return nil
		case <-tick.C:
			fmt.Fprintf(progress, "spire: %v, %s\n", time.Since(begun).Round(time.Second), count)
		}
	}
}

// goCommand is the go command in dir, without flags that the environment sets for our own module.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOFLAGS=", "GOWORK=off")
	return cmd
}
