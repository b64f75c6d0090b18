package house_test

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryTestRuns: each test file is built by some go test of make test or make e2e. What is not built
// with the race detector is so in a package that runs without it, too. No run leaves tests out by name: a
// namesake elsewhere would run nowhere.
func TestEveryTestRuns(t *testing.T) {
	run := map[string]bool{}
	for _, command := range testCommands(t) {
		if regexp.MustCompile(` -(run|skip)\b`).MatchString(command) {
			t.Errorf("leave tests out by a build tag, or a package of their own, not by name: %s", command)
		}
		for _, file := range filesOf(t, command) {
			run[file] = true
		}
	}
	for _, file := range testFiles(t) {
		if !run[file] {
			t.Errorf("%s: no go test of make test or make e2e builds it: see BOTH in Makefile", file)
		}
	}
}

// testCommands returns each go test that make test and make e2e run, as make says.
func testCommands(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("make", "-n", "test", "e2e")
	cmd.Dir = root()
	cmd.Env = append(cmd.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	commands := regexp.MustCompile(`(?m)go test .*$`).FindAllString(string(out), -1)
	if len(commands) < 7 {
		t.Fatalf("make -n says only %q", commands)
	}
	return commands
}

// filesOf returns the test files that a go test builds, as go list says.
func filesOf(t *testing.T, command string) []string {
	t.Helper()
	format := `{{range .TestGoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`
	list := "go list -f '" + format + "'" + strings.Join(regexp.MustCompile(` -(race|tags \S+)`).FindAllString(command, -1), "") +
		regexp.MustCompile(` (\./|\$\().*$`).FindString(command)
	cmd := exec.Command("sh", "-c", list)
	cmd.Dir = root()
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		t.Fatalf("%s: %s", list, failed.Stderr)
	}
	files := strings.Fields(string(out))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", list, len(files), err)
	}
	return files
}

// testFiles returns the test files of the tree, as filesOf names them. Those for other systems than
// this are left out.
func testFiles(t *testing.T) []string {
	t.Helper()
	top, err := filepath.Abs(root())
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, forAnother)
}

// forAnother says that a file is for another system than this, by its name or by a constraint without tags
// of our own.
func forAnother(path string) bool {
	here, err := build.Default.MatchFile(filepath.Dir(path), filepath.Base(path))
	text, errRead := os.ReadFile(path)
	return err == nil && errRead == nil && !here && !regexp.MustCompile(`(?m)^//go:build .*(race|e2e_)`).Match(text)
}
