package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/syntax"
)

// messy is a policy in another form than its own.
const messy = "kind: ServicePolicy\napiVersion: postern.dev/v1alpha1\nmetadata: {name: a, namespace: b}\nspec:\n  workloads: [spiffe://a.test/b]\n"

func writePolicy(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// postern runs a command and returns what it prints.
func postern(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&errOut)
	err = root.Execute()
	return out.String(), errOut.String(), err
}

func TestFmtKeepsTheMode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.yaml")
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o666} {
		writePolicy(t, name, messy)
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if _, stderr, err := postern("", "fmt", name); err != nil {
			t.Fatal(err, stderr)
		}
		info, err := os.Stat(name)
		if err != nil || info.Mode() != mode {
			t.Errorf("%v: %v, want %v", err, info.Mode(), mode)
		}
	}
}

// TestFmtRefuses is of what is no policy file, or could be half of one.
func TestFmtRefuses(t *testing.T) {
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.yaml")
	writePolicy(t, cut, strings.TrimSuffix(messy, "\n"))
	large := filepath.Join(dir, "large.yaml")
	writePolicy(t, large, "")
	if err := os.Truncate(large, 100<<20); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, stdin, path, want string }{
		{"cut off", "", cut, cut + ":5:32: the file ends in the middle of a line, as one does that is half written: end it with a newline\n"},
		{"large", "", large, large + ": cannot be read: it has 104857600 bytes, and at most 8388608 are read\n"},
		{"large, on standard input", strings.Repeat(" ", syntax.MaxFile+10), "-", "standard input:1:1: the file has 8388609 bytes: at most 8388608 are read\n"},
		{"empty, on standard input", "", "-", "standard input:1:1: no documents\n"},
		{"no file", "", os.DevNull, os.DevNull + ": cannot be read: it is no regular file\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, err := postern(tc.stdin, "fmt", tc.path)
			if err == nil || exitCode(err) != 2 || stdout != "" || !strings.HasPrefix(stderr, tc.want) {
				t.Errorf("%v, %q, got %q, want %q", err, stdout, stderr, tc.want)
			}
		})
	}
}

// TestFmtWritesAllOrNone lets one file of many change between reading and writing.
func TestFmtWritesAllOrNone(t *testing.T) {
	dir := t.TempDir()
	var folders []*folder
	for _, name := range []string{"one", "two"} {
		f := &folder{dir: filepath.Join(dir, name)}
		for i := range 40 {
			base := "p" + strings.Repeat("x", i) + ".yaml"
			writePolicy(t, filepath.Join(f.dir, base), "before\n")
			f.changes = append(f.changes, directory.Change{Name: base, Before: []byte("before\n"), After: []byte("after\n")})
		}
		folders = append(folders, f)
	}
	changed := filepath.Join(dir, "two", "pxxx.yaml")
	writePolicy(t, changed, "somebody else\n")
	err := replaceAll(folders)
	if err == nil || !strings.Contains(err.Error(), "changed by somebody else") {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(names) != 80 {
		t.Fatalf("%d files: %v", len(names), err)
	}
	for _, name := range names {
		if text, err := os.ReadFile(name); err != nil || (string(text) != "before\n") != (name == changed) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	writePolicy(t, changed, "before\n")
	if err := replaceAll(folders); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(changed); err != nil || string(text) != "after\n" {
		t.Errorf("%q, %v", text, err)
	}
	if err := replaceAll(nil); err != nil {
		t.Error(err)
	}
}
