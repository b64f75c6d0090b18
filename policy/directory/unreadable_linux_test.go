package directory_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// nobody is a user who owns nothing.
const nobody = 65534

// asNobody runs f without root, who may read everything: on a thread of its own, which ends with f.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is not used again
		err := syscall.Setfsuid(nobody)
		if err == nil {
			f()
		}
		done <- err
	}()
	must(t, <-done)
}

func TestUnreadable(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1), "b.yaml": policy("b", 1), "sub/c.yaml": policy("c", 1)})
	for parent := filepath.Dir(dir); parent != os.TempDir(); parent = filepath.Dir(parent) {
		must(t, os.Chmod(parent, 0o755))
	}
	must(t, os.Chmod(filepath.Join(dir, "b.yaml"), 0))
	must(t, os.Chmod(filepath.Join(dir, "sub"), 0))
	t.Cleanup(func() { must(t, os.Chmod(filepath.Join(dir, "sub"), 0o755)) })
	asNobody(t, func() {
		refused(t, dir, "", "b.yaml: cannot be read: permission denied\nsub: cannot be read: permission denied")
	})
	must(t, os.Chmod(dir, 0))
	t.Cleanup(func() { must(t, os.Chmod(dir, 0o755)) })
	asNobody(t, func() { refused(t, dir, "", "DIR: permission denied") })
}
