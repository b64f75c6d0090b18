package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/process"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// limit is how long a demo may take on a machine that is busy with the other tests.
const limit = 5 * time.Minute

// built is the program of the demo, built once.
var built = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "demo-build")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "demo")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.ReadFile(binary)
})

// A demo is a running one. Its temporary folder is its own, so that what it leaves is seen.
type demo struct {
	*process.Process
	out *bufio.Reader
	tmp string
	t   *testing.T
}

func start(t *testing.T, env ...string) *demo {
	t.Helper()
	tmp, err := os.MkdirTemp("", "demo") // short: there will be sockets in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "demo")
	if err := os.WriteFile(binary, program, 0o755); err != nil {
		t.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	d := &demo{out: bufio.NewReader(in), tmp: tmp, t: t}
	d.Process, err = process.Start(process.Spec{
		Name: "demo", Path: binary, Env: append(os.Environ(), append([]string{"TMPDIR=" + tmp}, env...)...), Stdout: out,
	})
	_ = out.Close() // the child has its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	watchdog := time.AfterFunc(limit, d.Kill) // what waits for more of its output then sees the end
	t.Cleanup(func() { watchdog.Stop() })
	return d
}

// until returns what the demo prints up to a line that begins with text, or up to its end.
func (d *demo) until(text string) string {
	d.t.Helper()
	var all strings.Builder
	for {
		line, err := d.out.ReadString('\n')
		all.WriteString(line)
		if err == io.EOF || text != "" && strings.HasPrefix(line, text) {
			return all.String()
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// end waits for the demo to end with a code, and fails when it left anything behind.
func (d *demo) end(code int) {
	d.t.Helper()
	select {
	case <-d.Done():
	case <-time.After(2 * time.Minute):
		d.t.Fatal("the demo does not end")
	}
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(d.Err(), &exit) {
		got = exit.ExitCode()
	}
	if got != code {
		d.t.Errorf("exit code %d (%v), want %d:\n%s", got, d.Err(), code, d.Log())
	}
	left, err := os.ReadDir(d.tmp)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, entry := range left {
		d.t.Errorf("left behind: %s", entry.Name())
	}
}

// TestDemo runs the whole of "make demo KEEP=1": everything is as expected, every line that it
// prints to be tried works, nothing but this machine can reach it, and Ctrl-C leaves nothing.
func TestDemo(t *testing.T) {
	envoy.Require(t)
	d := start(t, "KEEP=1")
	text := d.until("  bin/postern envoy check")
	if !strings.Contains(text, "\nAll 44 as expected in ") {
		t.Fatalf("not as expected:\n%s\n%s", text, d.Log())
	}
	if strings.Contains(text, "\x1b") {
		t.Error("colours in a pipe")
	}
	compare(t, "table.txt", table(text))
	for _, address := range listeners(t, d.PID()) {
		if !address.Addr().IsLoopback() {
			t.Errorf("something listens on %s", address)
		}
	}
	folder := ""
	_, tries, _ := strings.Cut(text, "\nTry it")
	for line := range strings.Lines(tries) {
		line = strings.TrimSpace(line)
		if cd, ok := strings.CutPrefix(line, "cd "); ok {
			folder = cd
		} else if folder != "" {
			try(t, folder, line)
		}
	}
	if folder == "" {
		t.Error("nothing to try")
	}
	if err := d.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	d.end(0)
}

// try runs a line that the demo printed. What its comment says is what must come of it.
func try(t *testing.T, folder, line string) {
	t.Helper()
	command, want, _ := strings.Cut(line, "  # ")
	if strings.HasPrefix(command, "curl ") {
		if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") != "true" {
			t.Logf("not tried without curl: %s", line)
			return
		}
		command += " -o /dev/null -w %{http_code}"
	}
	sh := exec.Command("sh", "-c", command)
	sh.Dir = folder
	var out, log bytes.Buffer
	sh.Stdout, sh.Stderr = &out, &log
	err := sh.Run()
	switch {
	case want == "refused" && err == nil:
		t.Errorf("%s\nis not refused: %s", line, out.String())
	case want != "refused" && err != nil:
		t.Errorf("%s\n%v: %s%s", line, err, out.String(), log.String())
	case want != "refused" && want != "" && out.String() != want:
		t.Errorf("%s\nprinted %s", line, out.String())
	}
}

// TestAnInterruptedDemoLeavesNothing when Ctrl-C comes in the middle.
func TestAnInterruptedDemoLeavesNothing(t *testing.T) {
	envoy.Require(t)
	d := start(t)
	d.until("alice")
	if err := d.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.end(1)
	if !strings.Contains(d.Log(), "interrupted") {
		t.Errorf("it said: %s", d.Log())
	}
}

// TestAGateThatIsGoneIsNoSuccess: without the Postern of orders nothing is as expected any more,
// and nothing is let in either.
func TestAGateThatIsGoneIsNoSuccess(t *testing.T) {
	envoy.Require(t)
	d := start(t)
	d.until("who ")
	killed := false
	for _, pid := range family(t, d.PID()) {
		command, err := os.ReadFile("/proc/" + pid + "/cmdline")
		if err != nil || !bytes.Contains(command, []byte("/orders.sock\x00")) || !bytes.Contains(command, []byte("\x00serve\x00")) {
			continue
		}
		number, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(number, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed = true
	}
	if !killed {
		t.Skip("the Postern of orders was not found in /proc")
	}
	text := d.until("")
	d.end(1)
	for _, want := range []string{"orders answered 503", "not as expected, after", "The end of the log of the Postern of orders (ended: signal: killed)"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\nAll ") {
		t.Error("all as expected")
	}
}

func TestADemoThatCannotRunSaysWhy(t *testing.T) {
	d := start(t, "POSTERN_ENVOY="+filepath.Join(t.TempDir(), "no-such-envoy"))
	d.until("")
	d.end(1)
	if !strings.Contains(d.Log(), "no-such-envoy") {
		t.Errorf("it said: %s", d.Log())
	}
}

// table returns the table of what the demo printed.
func table(text string) string {
	_, rest, _ := strings.Cut(text, "\nwho ")
	rows, _, _ := strings.Cut(rest, "\n\n")
	return "who " + rows + "\n"
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; when that is meant, run go test ./e2e/demo -update. Got:\n%s", path, got)
	}
}
