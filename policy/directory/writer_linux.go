package directory

import (
	"os"
	"syscall"
)

// hasWriter says that somebody has the file open for writing, who may be halfway through it. It is
// false also when that cannot be known: the kernel tells the file's owner and CAP_LEASE alone, and
// not on every file system. It asks for a lease of the file (fcntl(2), F_SETLEASE), which is refused
// while there is a writer, and gives it back at once, so that no writer who comes waits for longer
// than that takes.
func hasWriter(f *os.File) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	refused := false
	err = conn.Control(func(fd uintptr) {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETLEASE, syscall.F_RDLCK)
		if errno == 0 {
			_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_SETLEASE, syscall.F_UNLCK) // closing gives it back, too
		}
		refused = errno == syscall.EAGAIN
	})
	return err == nil && refused
}
