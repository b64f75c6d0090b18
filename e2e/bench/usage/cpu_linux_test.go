package usage

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestTheKernelAgrees asks another way, which works for oneself only.
func TestTheKernelAgrees(t *testing.T) {
	before := ourselves(t)
	got, err := CPU(os.Getpid())
	after := ourselves(t)
	const tick = 20 * time.Millisecond // the kernel brings getrusage up to date at ticks
	if err != nil || got < before-tick || got > after+tick {
		t.Errorf("%v, %v; getrusage has %v before and %v after", got, err, before, after)
	}
}

func ourselves(t *testing.T) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
