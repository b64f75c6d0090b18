package spire

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/postern/postern/e2e/source"
)

// program is the server and the agent.
func program() source.Program {
	return source.Program{
		Name: "spire", Module: "github.com/spiffe/spire", Version: "v" + Version, Sum: sum,
		Commands: []string{"./cmd/" + serverName, "./cmd/" + agentName},
		Flags:    []string{"-ldflags", "-s -w -X github.com/spiffe/spire/pkg/common/version.gittag=" + Version},
		Takes:    "about 1800 packages, 8 to 20 minutes on two cores",
	}
}

// Build puts the pinned server and agent into the user's cache folder and returns that. It
// says on progress what it does. Binaries that are there already are kept.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	dir, ok, err := program().Installed()
	if err != nil {
		return "", err
	}
	if !ok {
		if err := compiler(ctx); err != nil {
			return "", err
		}
		if dir, err = program().Install(ctx, progress); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(progress, "spire: %s is there\n", dir)
	return dir, nil
}

// compiler fails unless cgo can be used, which SPIRE's sqlite needs. It is better to know
// that before ten minutes of building.
func compiler(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED", "CC")
	out, err := cmd.Output()
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
