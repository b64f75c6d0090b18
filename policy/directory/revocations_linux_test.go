package directory_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRevocationsBesideAWriter: a file that somebody has open for writing stays what it was, and
// delays no other; when it is closed it counts.
func TestRevocationsBesideAWriter(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": revoke("a", "a1"), "p.yaml": policy("p", 1)})
	w := watchRevocations(t, dir)
	w.next("a.yaml:a1")
	writing := open(t, dir, os.O_WRONLY)
	policies, err := os.OpenFile(filepath.Join(dir, "p.yaml"), os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	t.Cleanup(func() { _ = policies.Close() })
	replace(t, dir, "b.yaml", revoke("b", "b1"))
	w.next("a.yaml:a1 b.yaml:b1 | " + hasWriter)
	_, err = writing.WriteString(revoke("a", "a2"))
	must(t, err)
	must(t, writing.Close())
	w.until("a.yaml:a2 b.yaml:b1", "a.yaml:a1 b.yaml:b1 | "+hasWriter)
	w.nothing()
}

// TestRevocationsWithoutPermission stay.
func TestRevocationsWithoutPermission(t *testing.T) {
	dir := newDir(t, tree{"p.yaml": policy("p", 1), "sub/a.yaml": revoke("a", "a1"), "b.yaml": revoke("b", "b1")})
	for parent := filepath.Dir(dir); parent != os.TempDir(); parent = filepath.Dir(parent) {
		must(t, os.Chmod(parent, 0o755))
	}
	w := watchRevocationsBy(t, dir, func(run func()) { asNobody(t, run) })
	w.next("b.yaml:b1 sub/a.yaml:a1")
	must(t, os.Chmod(filepath.Join(dir, "sub"), 0))
	w.next("b.yaml:b1 sub/a.yaml:a1 | sub: cannot be read: permission denied")
	must(t, os.Chmod(filepath.Join(dir, "sub"), 0o755))
	w.next("b.yaml:b1 sub/a.yaml:a1")
	must(t, os.Chmod(filepath.Join(dir, "b.yaml"), 0))
	w.next("b.yaml:b1 sub/a.yaml:a1 | b.yaml: cannot be read: permission denied")
	w.nothing()
}
