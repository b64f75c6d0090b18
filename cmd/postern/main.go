// Command postern is an external authorizer for Envoy, and the tools for its policies and its
// Envoy configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err == nil {
		return
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(os.Stderr, "postern:", err)
	}
	os.Exit(exitCode(err))
}

// run executes one command line.
func run(ctx context.Context, args []string) error {
	root := rootCommand()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// errFound is the error of a command that did its work and found something wrong, which it
// has printed already.
var errFound = errors.New("found something wrong")

// exitCode is 0 for fine, 1 for "found something wrong" and 2 for "could not run".
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		return 1
	default:
		return 2
	}
}
