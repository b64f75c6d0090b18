//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package revoke

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lock waits until nobody else has the lock of a file (flock(2)), which ends when it is closed, by the
// end of the process, too.
func lock(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// giveTo gives a file the owner and the group of another, as far as that is permitted.
func giveTo(root *os.Root, name string, like fs.FileInfo) error {
	owner, ok := like.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	err := root.Lchown(name, int(owner.Uid), int(owner.Gid))
	if errors.Is(err, fs.ErrPermission) {
		err = root.Lchown(name, -1, int(owner.Gid))
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
