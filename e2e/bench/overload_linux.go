package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/postern/postern/e2e/bench/subject"
)

// onOneCore starts a server that may use the first core and no other; where there are more, this
// process keeps to them from then on.
func (b *runner) onOneCore(start func() (*subject.Subject, error)) (*subject.Subject, error) {
	var all, first unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, fmt.Errorf("which cores there are: %w", err)
	}
	first.Set(0)
	runtime.LockOSThread() // a child inherits from the thread that starts it
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &first); err != nil {
		return nil, fmt.Errorf("the first core: %w", err)
	}
	s, err := start()
	others := all
	if others.Clear(0); others.Count() == 0 {
		others = all
		b.report.note("the client shares the only core")
	}
	b.closes = append(b.closes, func() {
		if err := keepTo(&all); err != nil {
			b.report.note("the client keeps to its cores: %v", err)
		}
	})
	return s, errors.Join(err, keepTo(&others))
}

// keepTo lets every thread of this process use these cores only.
func keepTo(cores *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, cores); err != nil && err != unix.ESRCH {
			return fmt.Errorf("thread %d: %w", id, err)
		}
	}
	return nil
}
