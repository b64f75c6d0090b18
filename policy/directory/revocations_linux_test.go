package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/postern/postern/policy/directory"
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

// instances counts the inotify instances of this process.
func instances(t *testing.T) (count int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && target == "anon_inode:inotify" {
			count++
		}
	}
	return count
}

// TestBothWatches at once: each is told of every change, they share what the system has few of, and
// one goes on when the other ends.
func TestBothWatches(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1), "r.yaml": revoke("r", "r1")})
	before := instances(t)
	both := directory.NewWatcher(dir, "", quiet, nil)
	policies, revocations := make(chan string, 100), make(chan string, 100)
	done := make(chan error, 2)
	ctx, cancel := context.WithCancel(t.Context())
	first, cancelFirst := context.WithCancel(ctx)
	go func() {
		done <- both.Watch(first, func(c *directory.Content, err error) {
			if err != nil {
				policies <- err.Error()
				return
			}
			policies <- versions(c)
		})
	}()
	go func() {
		done <- both.WatchRevocations(ctx, func(r *directory.Revocations) { revocations <- entries(r) })
	}()
	next := func(from chan string, want string) {
		t.Helper()
		if got := soon(t, from); got != want {
			t.Fatalf("applied %s, want %s", got, want)
		}
	}
	next(policies, "a.yaml:v1 r.yaml:Revocation")
	next(revocations, "r.yaml:r1")
	for i := 2; i < 8; i++ {
		replace(t, dir, "a.yaml", policy("a", i))
		next(policies, fmt.Sprintf("a.yaml:v%d r.yaml:Revocation", i))
		replace(t, dir, "r.yaml", revoke("r", fmt.Sprintf("r%d", i)))
		next(revocations, fmt.Sprintf("r.yaml:r%d", i))
		if got := instances(t) - before; got > 1 {
			t.Fatalf("%d inotify instances", got)
		}
	}
	cancelFirst()
	must(t, soon(t, done))
	replace(t, dir, "r.yaml", revoke("r", "last"))
	next(revocations, "r.yaml:last")
	cancel()
	must(t, soon(t, done))
	if got := instances(t) - before; got != 0 {
		t.Errorf("%d inotify instances are left", got)
	}
}
