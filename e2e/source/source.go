// Package source builds commands of other Go modules, once, into the user's cache folder.
//
// The module comes from the Go module proxy, in the version that is named, and is held to its
// hash. It is built in a folder of its own, by its own go.mod: what it requires is not our
// module's. That also asks the proxy for no list of versions, as "go install" does.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/postern/postern/e2e/cache"
)

// A Program is one or more commands of a module.
type Program struct {
	Name     string   // of its folder, and in what is said
	Module   string   // its path
	Version  string   // with the v
	Sum      string   // its hash, as go.sum has it
	Commands []string // their packages, such as ./cmd/server
	Flags    []string // of go build, besides -trimpath
	Env      []string // of go build, such as CGO_ENABLED=0
	Takes    string   // what there is to build, for who waits: "about 800 packages, a minute"
}

// Installed returns the folder of the binaries and whether they are there. Another Go makes
// other binaries.
func (p Program) Installed() (dir string, ok bool, err error) { return cache.Installed(p.folder()) }

func (p Program) folder() string {
	return p.Name + "-" + strings.TrimPrefix(p.Version, "v") + "-" + runtime.Version()
}

// Install builds the commands, unless they are there, and returns their folder. It says on
// progress what it does, every few seconds. The folder appears whole or not at all, so two
// Installs at once are fine, only slow.
func (p Program) Install(ctx context.Context, progress io.Writer) (string, error) {
	dir, ok, err := p.Installed()
	if err != nil || ok {
		return dir, err
	}
	return cache.Install(p.folder(), func(bin string) error {
		work, err := os.MkdirTemp("", p.Name+"-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(work)
		fmt.Fprintf(progress, "%s: fetching %s from the Go module proxy\n", p.Name, p.at())
		copied, err := p.download(ctx, work)
		if err != nil {
			return err
		}
		return p.compile(ctx, copied, bin, progress)
	})
}

func (p Program) at() string { return p.Module + "@" + p.Version }

// download fetches the module, checks it against its hash and copies it into work, since a
// folder of the module cache is read-only. It returns the copy.
func (p Program) download(ctx context.Context, work string) (string, error) {
	out, err := command(ctx, work, "mod", "download", "-json", p.at()).Output()
	got, parseErr := p.downloaded(out)
	if parseErr != nil {
		return "", errors.Join(parseErr, err)
	}
	copied := filepath.Join(work, "source")
	if err := os.CopyFS(copied, os.DirFS(got)); err != nil {
		return "", fmt.Errorf("copying %s: %w", got, err)
	}
	return copied, nil
}

// downloaded reads what go mod download -json printed and returns the folder of the module, if
// it has the hash.
func (p Program) downloaded(out []byte) (string, error) {
	var m struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(out, &m); err != nil {
		return "", fmt.Errorf("go mod download %s said %q: %w", p.at(), out, err)
	}
	switch {
	case m.Error != "":
		return "", fmt.Errorf("go mod download %s: %s", p.at(), m.Error)
	case m.Sum != p.Sum:
		return "", fmt.Errorf("%s has the hash %q, want %q: the proxy or the module cache has something else under that version", p.at(), m.Sum, p.Sum)
	case m.Dir == "":
		return "", fmt.Errorf("go mod download %s names no folder", p.at())
	}
	return m.Dir, nil
}

// compile builds all commands in one go, so that they share packages.
func (p Program) compile(ctx context.Context, source, bin string, progress io.Writer) error {
	fmt.Fprintf(progress, "%s: building it, once: %s\n", p.Name, p.Takes)
	count := &counter{}
	args := append([]string{"build", "-v", "-trimpath", "-o", bin + string(filepath.Separator)}, p.Flags...)
	cmd := command(ctx, source, append(args, p.Commands...)...)
	cmd.Env = append(cmd.Env, p.Env...)
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
				return fmt.Errorf("go build in %s: %w\n%s", p.at(), err, count.end())
			}
			fmt.Fprintf(progress, "%s: built in %v\n", p.Name, time.Since(begun).Round(time.Second))
			return nil
		case <-tick.C:
			fmt.Fprintf(progress, "%s: %v, %s\n", p.Name, time.Since(begun).Round(time.Second), count)
		}
	}
}

// command is the go command in dir, without flags that the environment sets for our own module.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOFLAGS=", "GOWORK=off")
	return cmd
}
