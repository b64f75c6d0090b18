package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern/postern/identity/mint/minttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"postern":    main,
		"wait-for":   func() { answersWithin(10 * time.Second) },
		"answers":    func() { answersWithin(0) },
		"stop-after": stopAfter,
	})
}

// answersWithin ends well when a Unix socket takes connections in time.
func answersWithin(d time.Duration) {
	end := time.Now().Add(d)
	for {
		c, err := net.Dial("unix", os.Args[1])
		if err == nil {
			c.Close()
			return
		}
		if !time.Now().Before(end) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stopAfter runs a command and sends it SIGTERM after a while; how it ends is how it ends.
func stopAfter() {
	d, err := time.ParseDuration(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[2], os.Args[3:]...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestScripts runs testdata/script: sessions of the command, as a user types them.
func TestScripts(t *testing.T) {
	bundle := minttest.CA(t, "shop.test").BundlePEM()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// The race detector holds each command for a second at its end, unless it is told otherwise.
			e.Setenv("GORACE", strings.TrimSpace("atexit_sleep_ms=10 "+os.Getenv("GORACE")))
			return os.WriteFile(e.WorkDir+"/bundle.pem", bundle, 0o600)
		},
	})
}
