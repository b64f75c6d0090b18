package source

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var tool = Program{
	Name: "tool", Module: "example.test/tool", Version: "v1.2.3", Sum: "h1:good", Commands: []string{"./cmd/tool"},
	Flags: []string{"-ldflags", "-s"}, Env: []string{"CGO_ENABLED=0"}, Takes: "a package",
}

func TestDownloaded(t *testing.T) {
	for _, tc := range []struct{ name, said, dir, want string }{
		{"sound", `{"Dir":"/m/tool","Sum":"h1:good"}`, "/m/tool", ""},
		{"another module under that version", `{"Dir":"/m/tool","Sum":"h1:AAAA"}`, "", "want \"h1:good\""},
		{"no hash", `{"Dir":"/m/tool"}`, "", "has the hash \"\""},
		{"the proxy refuses", `{"Error":"403 Forbidden"}`, "", "403 Forbidden"},
		{"an error beside a hash", `{"Dir":"/m/tool","Sum":"h1:good","Error":"bad"}`, "", "bad"},
		{"no folder", `{"Sum":"h1:good"}`, "", "no folder"},
		{"nothing", "", "", "go mod download"},
		{"no JSON", "go: command not found", "", "command not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, err := tool.downloaded([]byte(tc.said))
			if dir != tc.dir || (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, %v; want %q, %q", dir, err, tc.dir, tc.want)
			}
		})
	}
}

// fakeGo puts a "go" first on PATH: it downloads a module whose only file is m, and builds it
// by the script.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "m"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\nif [ \"$*\" = 'mod download -json example.test/tool@v1.2.3' ]; then\n" +
		"echo '{\"Dir\":\"" + dir + "\",\"Sum\":\"h1:good\"}'; exit; fi\n" + script + "\n"
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestInstall(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOFLAGS", "-tags=ours")
	fakeGo(t, `echo "tool.go:1: no such thing" >&2; exit 1`)
	if _, err := tool.Install(t.Context(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "example.test/tool@v1.2.3: exit status 1\ntool.go:1: no such thing") {
		t.Error(err)
	}
	if _, ok, err := tool.Installed(); ok || err != nil {
		t.Errorf("what did not build is there: %v, %v", ok, err)
	}
	fakeGo(t, `echo example.test/tool >&2; [ -f m ] && [ "$GOFLAGS$CGO_ENABLED$GOWORK" = 0off ] &&
case "$*" in "build -v -trimpath -o $5 -ldflags -s ./cmd/tool") : > "$5tool";; *) exit 1;; esac`)
	var said bytes.Buffer
	dir, err := tool.Install(t.Context(), &said)
	if err != nil || !strings.HasPrefix(filepath.Base(dir), "tool-1.2.3-go1.") {
		t.Fatalf("%q, %v", dir, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tool")); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"tool: fetching example.test/tool@v1.2.3", "tool: building it, once: a package", "tool: built in"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in %q", want, said.String())
		}
	}
	fakeGo(t, "exit 1") // what is there is not built again
	if again, err := tool.Install(t.Context(), &said); err != nil || again != dir {
		t.Errorf("%q, %v", again, err)
	}
}

func TestCounter(t *testing.T) {
	c := &counter{}
	for i := range 2000 {
		fmt.Fprintf(c, "example.test/package%d\n", i)
	}
	if !strings.HasPrefix(c.String(), "2000 ") {
		t.Errorf("said %q", c)
	}
	if end := string(c.end()); len(end) > 4096 || !strings.HasSuffix(end, "package1999\n") {
		t.Errorf("kept %d bytes: %.50q", len(end), end)
	}
}

func ExampleProgram() {
	p := Program{
		Name: "benchstat", Module: "golang.org/x/perf", Version: "v0.0.0-20260908200009-22c9c6c9d4da",
		Sum: "h1:…", Commands: []string{"./cmd/benchstat"}, Takes: "20 packages, a few seconds",
	}
	dir, _, _ := p.Installed()
	name, _, _ := strings.Cut(filepath.Base(dir), "-go")
	fmt.Println(name)
	// Output: benchstat-0.0.0-20260908200009-22c9c6c9d4da
}
