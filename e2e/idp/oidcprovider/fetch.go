package oidcprovider

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/postern/postern/e2e/cache"
)

// Version is the oidc-provider that Fetch fetches.
const Version = "9.13.3"

// What is in the folder: npm takes each package of the lock by its hash and refuses others.
var (
	//go:embed package.json
	manifest []byte
	//go:embed package-lock.json
	lock []byte
	//go:embed server.mjs
	server []byte
)

const folder = "oidc-provider-" + Version

// ErrNotFound says that oidc-provider was not fetched.
var ErrNotFound = errors.New(`no oidc-provider found: run "make e2e-idp", which fetches ` + Version)

// Fetch puts the pinned oidc-provider into the user's cache folder and says on progress what it
// does. What is there already is kept.
func Fetch(ctx context.Context, progress io.Writer) error {
	if _, err := node(); err != nil {
		return err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is needed to fetch oidc-provider (Debian: apt install npm)")
	}
	dir, err := cache.Install(folder, func(dir string) error {
		fmt.Fprintf(progress, "oidc-provider: fetching %s from npm (4 MB)\n", Version)
		return install(ctx, npm, dir)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "oidc-provider: %s is ready\n", dir)
	return nil
}

func install(ctx context.Context, npm, dir string) error {
	for name, data := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// node returns the path of the interpreter.
func node() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", errors.New("node is needed to run oidc-provider (Debian: apt install nodejs)")
	}
	return path, nil
}
