package spire

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseDownload(t *testing.T) {
	for _, tc := range []struct{ name, said, dir, want string }{
		{"sound", `{"Dir":"/m/spire","Sum":"` + sum + `"}`, "/m/spire", ""},
		{"another module under that version", `{"Dir":"/m/spire","Sum":"h1:AAAA"}`, "", "want \"h1:"},
		{"no hash", `{"Dir":"/m/spire"}`, "", "has the hash \"\""},
		{"the proxy refuses", `{"Error":"403 Forbidden"}`, "", "403 Forbidden"},
		{"an error beside a hash", `{"Dir":"/m/spire","Sum":"` + sum + `","Error":"bad"}`, "", "bad"},
		{"no folder", `{"Sum":"` + sum + `"}`, "", "no folder"},
		{"nothing", "", "", "go mod download"},
		{"no JSON", "go: command not found", "", "command not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, err := parseDownload([]byte(tc.said))
			if dir != tc.dir || (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, %v; want %q, %q", dir, err, tc.dir, tc.want)
			}
		})
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

// TestWhole holds that half a pair is none.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	for _, step := range []struct {
		add  string
		want bool
	}{{"", false}, {serverName, false}, {agentName, true}} {
		if step.add != "" {
			if err := os.WriteFile(filepath.Join(dir, step.add), nil, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if got := whole(dir); got != step.want {
			t.Errorf("with %q: %v", step.add, got)
		}
	}
	if whole(filepath.Join(dir, "nothing")) {
		t.Error("a folder that is not there is whole")
	}
}

// TestFolderIsOfThisGo: the pair of another Go is another pair.
func TestFolderIsOfThisGo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if dir, err := Folder(); err == nil {
		t.Errorf("found %s in an empty cache", dir)
	}
	dir, err := cached()
	if err != nil || !strings.Contains(dir, "spire-"+Version+"-go1.") {
		t.Errorf("%q, %v", dir, err)
	}
}
