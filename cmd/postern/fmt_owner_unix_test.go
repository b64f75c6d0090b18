//go:build unix

package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFmtKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	name := filepath.Join(t.TempDir(), "a.yaml")
	writePolicy(t, name, messy)
	if err := os.Chown(name, 4321, 1234); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, err := postern("", "fmt", name); err != nil || stdout == "" {
		t.Fatal(err, stdout, stderr)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 4321 || owner.Gid != 1234 {
		t.Errorf("it belongs to %d:%d", owner.Uid, owner.Gid)
	}
}
