package provider_test

import (
	"syscall"
	"time"
)

// threadTime returns how long this thread has had a processor.
func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD: getrusage(2)
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
