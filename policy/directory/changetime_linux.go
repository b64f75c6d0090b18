package directory

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when a file was last changed in any way, which nobody can set, as opposed to the
// time at which it was written. It is the zero time where the file system does not tell.
func changeTime(info fs.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	if seconds, nanoseconds := stat.Ctim.Unix(); seconds > 0 {
		return time.Unix(seconds, nanoseconds)
	}
	return time.Time{}
}
