package usage_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/postern/postern/e2e/bench/usage"
)

// TestResetMost: the most that a process ever had falls when what it had then is freed.
func TestResetMost(t *testing.T) {
	pid := os.Getpid()
	if _, _, err := usage.Memory(pid); err != nil {
		t.Skip("this system does not tell:", err)
	}
	const size = 64 << 20
	touch(size)
	debug.FreeOSMemory()
	_, before, err := usage.Memory(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := usage.ResetMost(pid); err != nil {
		t.Skip("the kernel does not let it:", err)
	}
	if _, after, err := usage.Memory(pid); err != nil || after > before-size/2 {
		t.Errorf("%d at most after it, %d before; %v", after, before, err)
	}
}

// touch has so many bytes in memory until it returns.
func touch(size int) {
	bytes := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		bytes[i] = 1
	}
}
