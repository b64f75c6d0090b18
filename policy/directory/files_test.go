package directory_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/policy/directory"
)

func TestReadTakesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, tree{
		"b.yaml": "not: [closed\n", "a/x.yaml": "kind: Nothing\n", "keys.json": "{}\n", "README.md": "no policy\n", ".hidden.yaml": "x\n",
		"old.yml": "x\n", "cut.yaml": "kind: Serv",
	})
	files, err := directory.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range files.Texts {
		got = append(got, text.Name+"="+strings.TrimSpace(string(text.Text)))
	}
	if want := "a/x.yaml=kind: Nothing b.yaml=not: [closed cut.yaml=kind: Serv"; strings.Join(got, " ") != want {
		t.Errorf("read %q, want %q", strings.Join(got, " "), want)
	}
	if len(files.JSON) != 1 || files.JSON[0] != "keys.json" {
		t.Errorf("JSON: %v", files.JSON)
	}
	for _, says := range []string{"old.yml: would not be read", "cut.yaml:1:10: the file ends in the middle of a line"} {
		if files.Faults == nil || !strings.Contains(files.Faults.Error(), says) {
			t.Errorf("%v does not say %q", files.Faults, says)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	if _, err := directory.Read(filepath.Join(t.TempDir(), "nowhere")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("nowhere: %v", err)
	}
	if _, err := directory.Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no policies") {
		t.Errorf("empty: %v", err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, tree{"a.yaml": "a\n", "x/b.yaml": "b\n", "c.yaml": "c\n"})
	if err := os.Chmod(filepath.Join(dir, "a.yaml"), 0o640); err != nil {
		t.Fatal(err)
	}
	err := directory.Replace(dir, []directory.Change{
		{Name: "a.yaml", Before: []byte("a\n"), After: []byte("A\n")}, {Name: "x/b.yaml", Before: []byte("b\n"), After: []byte("B\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "a.yaml=A c.yaml=c x/b.yaml=B")
	if info, err := os.Stat(filepath.Join(dir, "a.yaml")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// TestReplaceAllOrNothing fails in each way that can be made, in the second of two files.
func TestReplaceAllOrNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		change directory.Change
		says   string
	}{
		"changed":      {directory.Change{Name: "b.yaml", Before: []byte("other\n")}, "changed by somebody else"},
		"missing":      {directory.Change{Name: "d.yaml"}, "no such file"},
		"link":         {directory.Change{Name: "link.yaml", Before: []byte("c\n")}, "is a link"},
		"outside":      {directory.Change{Name: "../x.yaml"}, "path escapes"},
		"in the way":   {directory.Change{Name: "c.yaml", Before: []byte("c\n")}, "file exists"},
		"no directory": {directory.Change{Name: "a.yaml/b.yaml"}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, tree{"a.yaml": "a\n", "b.yaml": "b\n", "c.yaml": "c\n", ".c.yaml.new": "mine\n"})
			if err := os.Symlink("c.yaml", filepath.Join(dir, "link.yaml")); err != nil {
				t.Fatal(err)
			}
			err := directory.Replace(dir, []directory.Change{{Name: "a.yaml", Before: []byte("a\n"), After: []byte("A\n")}, tc.change})
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v does not say %q", err, tc.says)
			}
			holds(t, dir, ".c.yaml.new=mine a.yaml=a b.yaml=b c.yaml=c link.yaml=c")
		})
	}
}

// holds compares every file below a directory.
func holds(t *testing.T, dir, want string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		got = append(got, filepath.ToSlash(name)+"="+strings.TrimSpace(string(text)))
		return err
	})
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("there is %q (%v), want %q", strings.Join(got, " "), err, want)
	}
}
