package house_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/e2e/build"
	"github.com/postern/postern/e2e/envoy"
	"github.com/postern/postern/e2e/postern"
)

// TestTheReadmeRuns saves the policy of README.md where it says, and runs the commands of "Run
// it" as one script. Only "make", which builds and fetches what the tests have already, and the
// ports are replaced.
func TestTheReadmeRuns(t *testing.T) {
	dir := postern.Dir(t)
	prepare(t, dir)
	dev, err := build.Command("postern-dev")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dev, filepath.Join(dir, "bin", "postern-dev")); err != nil {
		t.Fatal(err)
	}
	readme := read(t, filepath.Join(root(), "README.md"))
	policy := block(t, readme, "yaml", "kind: ServicePolicy")
	script := block(t, readme, "sh", "bin/postern serve") + "wait\n"
	script = strings.Replace(script, "make build", "true", 1)
	script = strings.Replace(script, "$(make -s envoy)", envoy.Require(t), 1)
	script = strings.Replace(script, "bin/postern-dev serve", "POSTERN_DEV_LISTEN=127.0.0.1:8440 bin/postern-dev serve", 1)
	script = strings.Replace(script, "bin/postern serve", "POSTERN_ADMIN=127.0.0.1:9902 bin/postern serve", 1)
	for _, port := range []string{"8440", "8443", "8080", "9902"} {
		free := freePort(t)
		policy, script = strings.ReplaceAll(policy, port, free), strings.ReplaceAll(script, port, free)
	}
	write(t, filepath.Join(dir, "policies", "orders.yaml"), []byte(policy))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"reason":"credential_missing"`, "}401\n", "404\n", `"reason":"no_route"`, "}403\n", `"rule":"orders.yaml:10:7"`, `"user":"alice"`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// TestTheReadmesToolsRun runs the commands of "Trust it before it ships".
func TestTheReadmesToolsRun(t *testing.T) {
	dir := postern.Dir(t)
	prepare(t, dir)
	script := block(t, read(t, filepath.Join(root(), "README.md")), "sh", "bin/postern init")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-e", "-c", strings.Replace(script, "make build", "true", 1))
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"ok: 8 tests passed", "coverage: ", "deny: not_granted (403)", `the claim customer_id is "7"`, "user-never-read", "lint ended with 1", "test ended with 1",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// TestTheExplanationOfTheDocumentationIsTrue runs the first command of docs/explain.md; only the
// time is another.
func TestTheExplanationOfTheDocumentationIsTrue(t *testing.T) {
	dir := postern.Dir(t)
	prepare(t, dir)
	write(t, filepath.Join(dir, "policies", "orders.yaml"), []byte(block(t, read(t, filepath.Join(root(), "docs/testing.md")), "yaml", "kind: ServicePolicy")))
	if err := os.Remove(filepath.Join(dir, "policies", "stock.yaml")); err != nil {
		t.Fatal(err)
	}
	page := read(t, filepath.Join(root(), "docs/explain.md"))
	cmd := exec.CommandContext(t.Context(), "bash", "-c", block(t, page, "sh", "--claim"))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	clock := regexp.MustCompile(`time      \S+`)
	_, want, _ := strings.Cut(page, "```\ndeny: ")
	want, _, _ = strings.Cut("deny: "+want, "```")
	want = clock.ReplaceAllString(want, "")
	if got := clock.ReplaceAllString(string(out), ""); got != want {
		t.Errorf("it prints another:\n%s", difference(want, got))
	}
}

// block returns the first fenced block of a kind that has a text.
func block(t *testing.T, document, kind, has string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllStringSubmatch(document, -1) {
		if strings.Contains(m[1], has) {
			return m[1]
		}
	}
	t.Fatalf("no %s block with %q", kind, has)
	return ""
}
