package house_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestTheSessionOfTheDocumentationRuns runs its shell blocks as one script, in a folder with a
// policy and a bundle. Only the ports are others.
func TestTheSessionOfTheDocumentationRuns(t *testing.T) {
	dir := postern.Dir(t)
	prepare(t, dir)
	p := document(t, operationsPage)
	script := "set -m\n" // so that %1 is a job, as it is for a person
	for i := range p.lines {
		script += p.blocks("sh")[i]
	}
	for _, port := range []string{"9902", "9903"} {
		free := freePort(t)
		if port == "9902" { // the one that is the default, and so not on the command line
			script = strings.Replace(script, "postern serve", "POSTERN_ADMIN=127.0.0.1:"+free+" postern serve", 1)
		}
		script = strings.ReplaceAll(script, "127.0.0.1:"+port, "127.0.0.1:"+free)
	}
	script += "wait %1; echo the first ended with $?; kill %2; wait %2; echo the successor ended with $?\n"
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"ready\nok ", `"trust_domain": "shop.test"`, "postern_ready 1", "the first ended with 0", "the successor ended with 0",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the session does not print %q", want)
		}
	}
	if t.Failed() {
		logs, _ := os.ReadFile(filepath.Join(dir, "postern.log"))
		t.Logf("it prints\n%s\n%s", out, logs)
	}
}

// prepare puts what the session names into a folder: the binary, policies, and a bundle.
func prepare(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "policies"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(postern.Binary(t), filepath.Join(dir, "bin", "postern")); err != nil {
		t.Fatal(err)
	}
	for _, text := range document(t, policyPage).blocks("yaml") {
		if strings.Contains(text, "name: stock,") { // it names no issuer, whom Postern would look for
			write(t, filepath.Join(dir, "policies", "stock.yaml"), []byte(text))
		}
	}
	write(t, filepath.Join(dir, "bundle.pem"), minttest.CA(t, "shop.test").BundlePEM())
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a port that was free a moment ago.
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
