package subject

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/bench/world"
)

// fakeGo puts a "go" first on PATH that does what the script says.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	fakeGo(t, `echo "the proxy"; echo "has none" >&2; exit 1`)
	if _, err := install(t.Context(), dir, "example.test/cmd/tool", "v1.2.3"); err == nil || !strings.Contains(err.Error(), "example.test/cmd/tool@v1.2.3: exit status 1: the proxy has none") {
		t.Error(err)
	}
	fakeGo(t, "exit 0")
	if _, err := install(t.Context(), dir, "example.test/cmd/tool", "v1.2.3"); err == nil || !strings.Contains(err.Error(), "made no ") {
		t.Error(err)
	}
	fakeGo(t, `[ "$*" = "install -trimpath example.test/cmd/tool@v1.2.3" ] && : > "$GOBIN/tool"`)
	binary, err := install(t.Context(), dir, "example.test/cmd/tool", "v1.2.3")
	if want := filepath.Join(dir, "tool"); err != nil || binary != want {
		t.Errorf("%q, %v; want %q", binary, err, want)
	}
	fakeGo(t, "exit 1") // what is there is not built again
	if again, err := install(t.Context(), dir, "example.test/cmd/tool", "v1.2.3"); err != nil || again != binary {
		t.Errorf("%q, %v", again, err)
	}
}

// TestOPAIsGivenItsFiles runs something else in its place, which looks at what it was given.
func TestOPAIsGivenItsFiles(t *testing.T) {
	w, err := world.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "opa")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$@\"; for f; do [ -f \"$f\" ] && cat \"$f\"; done; exit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = OPA(t.Context(), "OPA-Envoy", script, t.TempDir(), w)
	if err == nil {
		t.Fatal("a script serves")
	}
	for _, want := range []string{"it ended", "run --server", "package postern", "path: postern/allow", `"issuer":"` + world.Issuer, "envoy_ext_authz_grpc"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
