package directory

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRestore puts back what was replaced before the last step failed, but no file that somebody
// else has changed by then.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "A\n", "b.yaml": "mine\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = restore(root, []Change{{"b.yaml", []byte("b\n"), []byte("B\n")}, {"a.yaml", []byte("a\n"), []byte("A\n")}})
	if err == nil {
		t.Error("b.yaml was changed, and there is no error")
	}
	for name, want := range map[string]string{"a.yaml": "a\n", "b.yaml": "mine\n"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != want {
			t.Errorf("%s holds %q (%v), want %q", name, text, err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}
