package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/process"
)

// build puts the two binaries into bin.
func (m *mesh) build(ctx context.Context) error {
	// As "make build" does it, so that neither compiles what the other has compiled.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=demo", "-o", m.path("bin")+"/",
		"github.com/postern/postern/cmd/postern", "github.com/postern/postern/cmd/postern-dev")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func fetchEnvoy(ctx context.Context) error {
	if _, err := envoy.Binary(); !errors.Is(err, envoy.ErrNotFound) {
		return err
	}
	_, err := envoy.Fetch(ctx, io.Discard)
	return err
}

// tool runs a binary of bin to its end and returns what it printed.
func (m *mesh) tool(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, m.path("bin", name), args...)
	cmd.Env = process.Environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
