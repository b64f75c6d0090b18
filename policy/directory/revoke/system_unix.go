//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package revoke

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// pause is how often it is looked at whether somebody else has the lock.
const pause = 5 * time.Millisecond

// lock waits until nobody else has the lock of a file (flock(2)), which ends when it is closed, by the
// end of the process, too. It does not wait for ever: somebody may have been stopped.
func lock(f *os.File, patience time.Duration) error {
	for end := time.Now().Add(patience); ; time.Sleep(pause) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return err
		case time.Now().After(end):
			return fmt.Errorf("somebody else has had the lock for %v", patience)
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
