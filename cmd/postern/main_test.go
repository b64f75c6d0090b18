package main

import (
	"bufio"
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
		"postern":   main,
		"wait-for":  func() { answersWithin(time.Minute) },
		"answers":   func() { answersWithin(0) },
		"stop-when": stopWhen,
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

// stopWhen runs a command and sends it SIGTERM when it has said a text, or ends it after a minute without;
// how it ends is how it ends. It is left a moment to do what it must not while it lacks what it says, as to
// take a socket: nothing tells when it would.
func stopWhen() {
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdout = os.Stdout
	says, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer late.Stop()
	said := false
	for lines := bufio.NewScanner(says); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if !said && strings.Contains(lines.Text(), os.Args[1]) {
			said = true
			time.AfterFunc(300*time.Millisecond, func() { _ = c.Process.Signal(syscall.SIGTERM) })
		}
	}
	if err := c.Wait(); err != nil {
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
