package directory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRemembered: a file that stays the same is read once, whatever is in it.
func TestRemembered(t *testing.T) {
	s := newStory(t)
	s.put("a.yaml", "- a\n- \"b\"\n")
	s.put("p.yaml", other)
	s.put("r.yaml", revocation("r", 0))
	s.put("cut.yaml", "kind: Revoc")
	first := s.goes("r.yaml:6", "a.yaml", "cut.yaml", "p.yaml", "r.yaml")
	for range 3 {
		if again := s.goes("r.yaml:6"); message(again) != message(first) || !strings.Contains(again.Error(), "a.yaml:1:1: ") || !strings.Contains(again.Error(), "cut.yaml:1:11: ") {
			t.Errorf("said %v\nthen %v", first, again)
		}
	}
	s.put("r.yaml", revocation("r", 1))
	_ = s.goes("r.yaml:7", "r.yaml")
	s.remove("r.yaml")
	_ = s.goes("")
	s.put("r.yaml", revocation("r", 1))
	_ = s.goes("r.yaml:7", "r.yaml")
}

// TestRememberedTimesAreSet: a file that was replaced by one with its size, its name and its time is
// another.
func TestRememberedTimesAreSet(t *testing.T) {
	s := newStory(t)
	path, epoch := filepath.Join(s.dir, "r.yaml"), time.Unix(1, 0)
	for i, text := range []string{"#\n" + revocation("r", 0), revocation("r", 0) + "#\n", "#\n" + revocation("r", 0)} {
		s.put("r.yaml", text) // in place, so that the inode is the same, too
		if err := os.Chtimes(path, epoch, epoch); err != nil {
			t.Fatal(err)
		}
		_ = s.goes([]string{"r.yaml:7", "r.yaml:6"}[i%2], "r.yaml")
		_ = s.goes([]string{"r.yaml:7", "r.yaml:6"}[i%2])
		time.Sleep(20 * time.Millisecond) // the kernel counts in steps of up to 10 ms
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = s.goes("r.yaml:7", "r.yaml")
}

// TestNotRemembered: what was written just now may be written again without another time.
func TestNotRemembered(t *testing.T) {
	s := newStory(t)
	s.stop()
	s.put("r.yaml", revocation("r", 0))
	_ = s.goes("r.yaml:6", "r.yaml")
	_ = s.goes("r.yaml:6", "r.yaml")
	s.k.now = func() time.Time { return time.Now().Add(settled + time.Second) }
	_ = s.goes("r.yaml:6", "r.yaml")
	_ = s.goes("r.yaml:6")
}
