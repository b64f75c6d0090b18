// Package rundir is the directory in which a running postern-dev keeps its sockets and files, and
// by which other programs find it.
package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Default returns the directory of who names none: one a user, in the directory for such things.
func Default() string {
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		return filepath.Join(runtime, "postern-dev")
	}
	return filepath.Join(os.TempDir(), "postern-dev-"+strconv.Itoa(os.Getuid()))
}

// lockFile is locked while a process has the directory. No workload can have its name.
const lockFile = ".lock"

// A Dir is a directory that no other process serves from and no other user can look into.
type Dir struct {
	path string
	lock *os.File
}

// Open makes the directory, mode 0700, or takes one that is there. It fails for a directory of
// another user, one that others can enter, and one that a running postern-dev has.
func Open(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if err := checkPrivate(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close() // only the lock mattered
		return nil, fmt.Errorf("rundir: another postern-dev runs in %s (%w); stop it or choose another --dir", path, err)
	}
	d := &Dir{path: path, lock: lock}
	if err := d.withdraw(); err != nil { // of one that was killed
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

// checkPrivate looks at the directory itself: in a shared /tmp somebody may have put a link there.
func checkPrivate(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("rundir: %s is not a directory", path)
	case !ok || int(owner.Uid) != os.Getuid():
		return fmt.Errorf("rundir: %s belongs to another user", path)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("rundir: %s will hold private keys and must be yours alone: chmod 700 %s, or choose another --dir", path, path)
	}
	return nil
}

// Path returns the absolute path of name in the directory, of the directory itself for "".
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Close removes the ready file and lets another process have the directory.
func (d *Dir) Close() error { return errors.Join(d.withdraw(), d.lock.Close()) }

// withdraw removes the ready file.
func (d *Dir) withdraw() error {
	if err := os.Remove(d.Path(readyFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}
