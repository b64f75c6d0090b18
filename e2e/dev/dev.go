// Package dev runs postern-dev for a test: a Workload API and an identity provider in one
// process, whose keys rotate when the test says so.
package dev

import (
	"crypto/tls"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/e2e/build"
	"github.com/postern/postern/e2e/process"
)

// built is the outcome of the one build.
var built = sync.OnceValues(func() (string, error) { return build.Command("postern-dev") })

// A Dev is a running postern-dev that belongs to a test.
type Dev struct {
	rundir.Ready
	Dir string // where everything is
	t   testing.TB
}

// Start runs postern-dev in dir until the test ends, and returns when everything is there.
// args are more flags of "postern-dev serve".
func Start(t testing.TB, dir string, args ...string) *Dev {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(process.Spec{Name: "postern-dev", Path: binary,
		Args: append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0"}, args...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.Ended() {
			t.Errorf("postern-dev did not live to the end of the test: %v", p.Err())
		}
		p.Kill()
		if t.Failed() {
			t.Logf("postern-dev said:\n%s", p.Log())
		}
	})
	d := &Dev{Dir: dir, t: t}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if d.Ready, err = rundir.Find(dir); err == nil {
			return d
		}
		if p.Ended() || time.Now().After(deadline) {
			t.Fatalf("postern-dev is not ready: %v", err)
		}
	}
}

// Do runs another of postern-dev's commands on this one and returns what it prints.
func (d *Dev) Do(args ...string) string {
	d.t.Helper()
	binary, err := built()
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := exec.Command(binary, append(args, "--dir", d.Dir)...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("postern-dev %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// File returns the path of a file of a workload: svid.pem, key.pem, bundle.pem, api.sock.
func (d *Dev) File(workload, name string) string { return filepath.Join(d.Dir, workload, name) }

// Certificate returns the workload's certificate as it is now.
func (d *Dev) Certificate(workload string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(d.File(workload, "svid.pem"), d.File(workload, "key.pem"))
}
