package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestToolsDieOfSignals: no tool works on after a SIGTERM or Ctrl-C.
func TestToolsDieOfSignals(t *testing.T) {
	dir := t.TempDir()
	const policy = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: b}\nspec: {workloads: [spiffe://a.test/b]}\n"
	if err := os.WriteFile(dir+"/a.yaml", []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, args := range [][]string{{"fmt", "-"}, {"explain", dir, "--record", "-"}} {
			c := exec.Command("postern", args...)
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
			// More than a pipe holds: once it is written, the command is reading.
			if _, err := io.Copy(in, bytes.NewReader(bytes.Repeat([]byte("\n"), 512<<10))); err != nil {
				t.Fatal(err)
			}
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			err = c.Wait()
			late.Stop()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != signal {
				t.Errorf("%q after %v: %v", args, signal, err)
			}
		}
	}
}

func TestShown(t *testing.T) {
	for in, want := range map[string]string{
		"plain: no such file":  "plain: no such file",
		"two\nlines\tand more": "two\nlines\tand more",
		"a\x1b[31mred":         `a\x1b[31mred`,
		"a\rb\x00\x7f\u0085":   `a\rb\x00\x7f\u0085`,
		"a\xffb\xef":           `a\xffb\xef`,
		"\u202egnp.exe":        `\u202egnp.exe`,
		"山田 \uFFFD '\"":        "山田 \uFFFD '\"",
	} {
		if got := shown(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
