//go:build e2e_image

package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/postern/postern/identity/mint/minttest"
)

const workload = "spiffe://shop.test/ns/shop/sa/orders"

const policy = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [` + workload + `]
  routes:
  - name: health
    http: {methods: [GET], path: /healthz}
    allow:
    - callers: [anyone]
`

// run runs the image's own entrypoint as its own user.
func (c *container) run(mounts []string, args ...string) *exec.Cmd {
	words := append([]string{"run", "--isolation", "chroot"}, mounts...)
	return c.command(append(append(words, c.name, "--", "/postern"), args...)...)
}

func TestVersion(t *testing.T) {
	c := start(t)
	out, err := c.run(nil, "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "v0.0.0-test") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestServeWithoutPoliciesCannotRun(t *testing.T) {
	c := start(t)
	for name, args := range map[string][]string{
		"no directory named":            {"--workload", workload, "--workload-api", "unix:///run/none.sock"},
		"a directory that is not there": {"--policies", "/none", "--workload", workload, "--workload-api", "unix:///run/none.sock"},
	} {
		out, err := c.run(nil, append([]string{"serve"}, args...)...).CombinedOutput()
		code := -1
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			code = failed.ExitCode()
		}
		if code != 2 || !strings.Contains(string(out), "--policies") {
			t.Errorf("%s: exit code %d, %s", name, code, out)
		}
	}
}

// TestServe runs the image as a pod would: policies and bundle read-only, the socket in a
// volume of its own user, no privileges.
func TestServe(t *testing.T) {
	c := start(t)
	dir := volume(t)
	var log bytes.Buffer
	cmd := c.run(
		[]string{"--volume", dir + "/config:/etc/postern:ro", "--volume", dir + "/run:/run/postern"},
		"serve", "--policies", "/etc/postern/policies", "--workload", workload,
		"--trust-bundle", "shop.test=/etc/postern/bundle.pem", "--admin", "127.0.0.1:"+freePort(t))
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // an error says that it has ended already
	socket := filepath.Join(dir, "run", "authz.sock")
	if err := serving(t.Context(), socket); err != nil {
		t.Errorf("%v", err)
	}
	listener := whoListens(t, socket)
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o660 || listener.Uid != 65532 || listener.Gid != 65532 {
		t.Errorf("user %d of group %d listens on %v, %v", listener.Uid, listener.Gid, info, err)
	}
	if err := syscall.Kill(int(listener.Pid), syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if t.Failed() {
		t.Logf("it said:\n%s", log.String())
	}
}

// volume returns a folder with config and run, the latter of the image's user.
func volume(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "postern")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, err := range []error{
		os.Chmod(dir, 0o755),
		os.MkdirAll(filepath.Join(dir, "config", "policies"), 0o755),
		os.WriteFile(filepath.Join(dir, "config", "policies", "orders.yaml"), []byte(policy), 0o644),
		os.WriteFile(filepath.Join(dir, "config", "bundle.pem"), minttest.CA(t, "shop.test").BundlePEM(), 0o644),
		os.Mkdir(filepath.Join(dir, "run"), 0o755),
		os.Chown(filepath.Join(dir, "run"), 65532, 65532),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// serving waits until the health service on the socket says so.
func serving(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		said, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		if said.GetStatus() == healthv1.HealthCheckResponse_SERVING {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not serving: %v, %w", said, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// whoListens asks the kernel which process a socket is of.
func whoListens(t *testing.T, socket string) *syscall.Ucred {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var who *syscall.Ucred
	controlErr := raw.Control(func(fd uintptr) {
		who, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, controlErr); err != nil {
		t.Fatal(err)
	}
	return who
}

// freePort returns a port that was free a moment ago: chroot isolation has no network of its own.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
