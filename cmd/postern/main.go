// Command postern is an external authorizer for Envoy, and the tools for its policies and its
// Envoy configuration.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

func main() {
	err := run(context.Background(), os.Args[1:])
	if err == nil {
		return
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(os.Stderr, "postern:", shown(err.Error()))
	}
	os.Exit(exitCode(err))
}

// run executes one command line.
func run(ctx context.Context, args []string) error {
	root := rootCommand()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// untilSignal returns a context that is done when the process is told to stop, for what serves: it
// ends by itself then. Every other command dies of a signal at once, as the system has it.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// shown is an error's text with what a terminal could take for more than text written as an escape.
// Errors repeat names of files and flags, which can hold anything; lines and tabs are our own, too.
func shown(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == '\n' || r == '\t' || strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		text = text[n:]
	}
	return b.String()
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
