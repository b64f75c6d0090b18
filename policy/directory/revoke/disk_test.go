package revoke_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
	"github.com/postern/postern/policy/syntax"
)

// TestManyAtOnce lose nothing, in one process and whoever reads meanwhile.
func TestManyAtOnce(t *testing.T) {
	dir := directory(t, nil)
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if text, err := os.ReadFile(filepath.Join(dir, "revocations/revoked.yaml")); err == nil {
				if _, err := syntax.Parse("revoked.yaml", text); err != nil {
					t.Errorf("half a file was there: %v", err)
					return
				}
			}
		}
	})
	for i := range 8 {
		writers.Go(func() {
			for k := range 5 {
				add(t, dir, noon, subject(fmt.Sprintf("w%d-%d", i, k)))
			}
			if _, err := revoke.NewStore(dir).Lift("revocations/revoked.yaml", subject(fmt.Sprintf("w%d-0", i))); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if n := strings.Count(revoked(t, dir), "\n  - "); n != 32 {
		t.Errorf("%d entries are left, want 32", n)
	}
	names, err := filepath.Glob(filepath.Join(dir, "revocations", ".*"))
	if err != nil || len(names) != 1 { // the lock
		t.Errorf("%v, %v", names, err)
	}
}

// TestTheModeStays, and a new file can be read by the group of its folder, and by no stranger.
func TestTheModeStays(t *testing.T) {
	dir := directory(t, map[string]string{"a/b": ""})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "revocations/revoked.yaml")
	mode := func() fs.FileMode {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if add(t, dir, noon, subject("a")); mode() != 0o640 {
		t.Errorf("a new file has the mode %v", mode())
	}
	if err := os.Chmod(name, 0o604); err != nil {
		t.Fatal(err)
	}
	if add(t, dir, noon, subject("b")); mode() != 0o604 {
		t.Errorf("an old one has the mode %v", mode())
	}
}

// TestWhatAKilledOneLeft is in nobody's way.
func TestWhatAKilledOneLeft(t *testing.T) {
	dir := directory(t, map[string]string{"revocations/.revoked.yaml.new": "half", "revocations/.lock": ""})
	if add(t, dir, noon, subject("a")); !strings.Contains(revoked(t, dir), "of-a") {
		t.Error("nothing was written")
	}
}

func TestFull(t *testing.T) {
	dir := directory(t, nil)
	var text bytes.Buffer
	text.WriteString("# Written by postern revoke, which also takes out what has ended.\n" + head + "  entries:\n")
	for i := range revoke.MaxEntries {
		until := "2026-11-22T13:00:00Z"
		if i == 0 {
			until = "2026-11-22T12:30:00Z"
		}
		fmt.Fprintf(&text, "  - {provider: shop-idp, sessionIDs: [s-%d], until: %s}\n", i, until)
	}
	if err := os.Mkdir(filepath.Join(dir, "revocations"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "revocations/revoked.yaml"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := revoke.NewStore(dir).Add("revoked", []identity.RevocationEntry{subject("a")}, noon); !errors.Is(err, revoke.ErrFull) {
		t.Fatal(err)
	}
	if w := add(t, dir, noon.Add(31*time.Minute), subject("b")); w.Pruned != 1 { // one has ended by then
		t.Errorf("%+v", w)
	}
}
