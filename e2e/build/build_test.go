package build_test

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/build"
)

func TestCommand(t *testing.T) {
	path, err := build.Command("postern")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "postern") {
		t.Errorf("%v: %s", err, out)
	}
	info, err := buildinfo.ReadFile(path)
	twice := debug.BuildSetting{Key: "-tags", Value: "e2e_twice"}
	if err != nil || !slices.Contains(info.Settings, twice) {
		t.Errorf("it does not decode twice: %v, %v", info, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "build-*", "postern"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestACommandThatIsNotThere(t *testing.T) {
	if path, err := build.Command("no-such-command"); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("Command = %q, %v", path, err)
	}
}

func ExampleCommand() {
	path, err := build.Command("postern")
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := os.Stat(path)
	fmt.Println(info.Name(), err)
}
