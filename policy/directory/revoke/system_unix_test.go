//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package revoke_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// TestALockThatIsHeld is not waited for without an end.
func TestALockThatIsHeld(t *testing.T) {
	t.Parallel()
	dir := directory(t, nil)
	add(t, dir, noon, subject("a"))
	l, err := os.OpenFile(filepath.Join(dir, "revocations/.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := syscall.Flock(int(l.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	before := revoked(t, dir)
	store := revoke.NewStore(dir)
	revoke.Hurry(store, 100*time.Millisecond)
	if _, err := store.Add("revoked", []identity.RevocationEntry{subject("b")}, noon); err == nil || !strings.Contains(err.Error(), "cannot be locked: somebody else") {
		t.Error(err)
	}
	if revoked(t, dir) != before {
		t.Error("it was written nevertheless")
	}
}

func TestTheOwnerStays(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir := directory(t, nil)
	if err := os.Chown(dir, 4321, 1234); err != nil {
		t.Fatal(err)
	}
	add(t, dir, noon, subject("a"))
	for _, name := range []string{"revocations", "revocations/.lock", "revocations/revoked.yaml"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 4321 || owner.Gid != 1234 {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}
