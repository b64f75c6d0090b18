package house_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const unit = "deploy/systemd/postern.service"

// setting returns the value of one setting of the unit.
func setting(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(read(t, filepath.Join(root(), unit)))
	if found == nil {
		t.Fatalf("%s has no %s", unit, name)
	}
	return found[1]
}

// TestTheUnitStartsWhatThereIs holds the command line and the environment file to the flags
// that serve has.
func TestTheUnitStartsWhatThereIs(t *testing.T) {
	command := strings.Fields(setting(t, "ExecStart"))
	if command[0] != "/usr/local/bin/postern" || command[1] != "serve" {
		t.Errorf("ExecStart runs %q", command[:2])
	}
	known := flags(t, "serve")
	for _, word := range command[2:] {
		if name, ok := strings.CutPrefix(word, "--"); ok && known[name] == "" {
			t.Errorf("ExecStart has the flag %s, and serve has not", word)
		}
	}
	variables := regexp.MustCompile(`(?m)^(?:# )?POSTERN_([A-Z_]+)=`).FindAllStringSubmatch(read(t, filepath.Join(root(), "deploy/systemd/postern.env")), -1)
	for _, v := range variables {
		if name := strings.ToLower(strings.ReplaceAll(v[1], "_", "-")); known[name] == "" {
			t.Errorf("postern.env sets POSTERN_%s, and serve has no --%s", v[1], name)
		}
	}
	if len(variables) == 0 {
		t.Error("postern.env sets nothing")
	}
}

// TestTheUnitIsHardened asks systemd itself, which knows the settings and rates them. It is
// optional, in CI too.
func TestTheUnitIsHardened(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("optional, in CI too: no systemd-analyze here (Debian: apt-get install systemd)")
	}
	// verify wants the binary to be there.
	text := strings.ReplaceAll(read(t, filepath.Join(root(), unit)), "/usr/local/bin/postern", "/bin/true")
	copied := filepath.Join(t.TempDir(), filepath.Base(unit))
	if err := os.WriteFile(copied, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", copied},
		{"security", "--offline=true", "--threshold=20", "--no-pager", copied}, // of 100, 0 being the best
	} {
		out, err := exec.Command(analyze, args...).CombinedOutput()
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
