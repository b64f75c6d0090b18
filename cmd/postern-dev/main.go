// Command postern-dev is a SPIFFE Workload API and an OpenID Connect provider in one process,
// for a laptop and for tests. It is never part of an image.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker.
var version = "unknown"

// exitCannotRun is the exit code of everything that went wrong: postern-dev judges nothing.
const exitCannotRun = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "postern-dev:", err)
		os.Exit(exitCannotRun)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	return root.ExecuteContext(ctx)
}
