// Package usage tells what a running process has used, in CPU time and memory. The processes
// that a benchmark compares are children of one parent, so it may look at all of them.
package usage

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ErrUnsupported says that this system does not tell what other processes use: only Linux does.
var ErrUnsupported = errors.New("the CPU time of another process can be told on Linux only")

// Memory returns the resident memory of a process in bytes: what it has now, and the most that
// it ever had (proc(5), /proc/PID/status).
func Memory(pid int) (now, most int64, err error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	now, err = field(string(text), "VmRSS")
	if err == nil {
		most, err = field(string(text), "VmHWM")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return now, most, nil
}

// field reads a line such as "VmRSS:	   1234 kB" and returns bytes.
func field(text, name string) (int64, error) {
	for line := range strings.Lines(text) {
		value, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		number, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if !ok {
			return 0, fmt.Errorf("%s is not in kB: %q", name, line)
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s is no number: %q", name, line)
		}
		return n << 10, nil
	}
	return 0, fmt.Errorf("there is no %s", name)
}

// Machine names the processor as the kernel does, with the number of cores that may be used by
// cores. It is "unknown processor" where /proc/cpuinfo names none.
func Machine(cores int) string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	return fmt.Sprintf("%d cores of %s", cores, model(string(text)))
}

func model(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		name, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(name) == "model name" && strings.TrimSpace(value) != "" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// ResetMost makes the most that a process ever had count from now (proc(5), /proc/PID/clear_refs).
func ResetMost(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
