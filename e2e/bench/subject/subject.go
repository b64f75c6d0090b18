// Package subject starts what the benchmark compares, each in a process of its own: a server
// that says yes on generated code, one that neither reads the question nor makes the answer, Postern, and
// OPA-Envoy where there is one.
package subject

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern/postern/e2e/bench/usage"
	"github.com/postern/postern/e2e/process"
)

// A Subject is one running process that answers checks.
type Subject struct {
	Name   string
	Socket string
	Idle   int64 // resident bytes when it had been asked nothing; the owner may look again later
	*process.Process
}

// start runs a process and waits until its socket takes connections.
func start(ctx context.Context, name, dir, binary string, args func(socket string) []string) (*Subject, error) {
	file := strings.NewReplacer(" ", "-", ",", "").Replace(strings.ToLower(name)) // OPA takes a comma for the end of an address
	s := &Subject{Name: name, Socket: filepath.Join(dir, file+".sock")}
	var err error
	s.Process, err = process.Start(process.Spec{Name: name, Path: binary, Args: args(s.Socket), Env: process.Environment()})
	if err != nil {
		return nil, err
	}
	if err = s.answers(ctx); err == nil {
		s.Idle, _, err = usage.Memory(s.PID())
	}
	if err != nil {
		s.Kill()
		return nil, fmt.Errorf("%s: %w\n%s", name, err, s.Log())
	}
	return s, nil
}

var errFine = errors.New("with exit code 0")

// answers waits until the socket takes connections. A large policy takes its time.
func (s *Subject) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		c, err := net.Dial("unix", s.Socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it never listened: %w", err)
		case <-s.Done():
			return fmt.Errorf("it ended before it listened: %w", cmp.Or(s.Err(), errFine))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Postern starts the binary on the policies in a folder. Its records go to record, as its flag
// of that name takes it.
func Postern(ctx context.Context, name, binary, dir, workload, bundle, policies, record string) (*Subject, error) {
	return start(ctx, name, dir, binary, func(socket string) []string {
		return []string{
			"serve", "--listen", "unix://" + socket, "--admin", "off", "--policies", policies, "--workload", workload,
			"--trust-bundle", bundle, "--record", record, "--log-level", "error",
		}
	})
}

// Own starts this very binary with Arguments: a Plain, a Floor or a Least, in a process of its own.
func Own(ctx context.Context, name, dir string, kind Kind) (*Subject, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, name, dir, self, func(socket string) []string { return Arguments(kind, socket) })
}

// Arguments are those that make the benchmark's binary Serve.
func Arguments(kind Kind, socket string) []string {
	return []string{"-serve", string(kind), "-at", socket}
}
