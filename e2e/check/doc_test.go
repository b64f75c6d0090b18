package check_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestTheCommandsOfTheDocumentation runs the shell blocks of docs/envoy.md as one script. Only
// the port is another.
func TestTheCommandsOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/envoy.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := postern.Dir(t)
	for _, name := range []string{"bin", "svid", "policies"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, binary := range map[string]string{"postern": postern.Binary(t), "envoy": envoy.Require(t)} {
		if err := os.Symlink(binary, filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "policies", "orders.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := minttest.CA(t, "shop.test")
	putSVID(t, filepath.Join(dir, "svid"), minttest.SVID(t, ca, mesh.Orders), ca.BundlePEM())
	script := "set -eum\ntrap 'kill %1' EXIT\n" + strings.ReplaceAll(blocks(string(page)), "127.0.0.1:8443", "127.0.0.1:0")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"configuration 'envoy.yaml' OK", `"findings": []`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in what it prints:\n%s", want, out)
		}
	}
}

// blocks returns the shell blocks of a page, one after the other.
func blocks(page string) string {
	var all strings.Builder
	for _, part := range strings.Split(page, "```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		all.WriteString(block)
	}
	return all.String()
}
