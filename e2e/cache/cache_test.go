package cache_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/postern/postern/e2e/cache"
)

// put writes a file that says that a folder is whole.
func put(dir string) error { return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o600) }

func TestInstallIsWholeOrNotThere(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	broken := errors.New("broken off")
	if _, err := cache.Install("thing-1", func(dir string) error { return errors.Join(put(dir), broken) }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, ok, err := cache.Installed("thing-1"); ok || err != nil {
		t.Errorf("a half is there: %v %v", ok, err)
	}
	dir, err := cache.Install("thing-1", put)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "whole")); err != nil {
		t.Error(err)
	}
	again, err := cache.Install("thing-1", func(string) error { return broken })
	if err != nil || again != dir {
		t.Errorf("what is there is not kept: %s %v", again, err)
	}
	left, err := os.ReadDir(filepath.Join(home, "postern"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestTwoInstallsAtOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var both, done sync.WaitGroup
	both.Add(2)
	for range 2 {
		done.Go(func() {
			_, err := cache.Install("thing-2", func(dir string) error {
				both.Done()
				both.Wait()
				return put(dir)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

// A verdict is a testing.TB that notes how its test would have ended.
type verdict struct {
	testing.TB
	fatal, skip string
}

func (v *verdict) Helper()           {}
func (v *verdict) Fatal(args ...any) { v.fatal = fmt.Sprint(args...) }
func (v *verdict) Skip(args ...any)  { v.skip = fmt.Sprint(args...) }

// TestLackFailsInCI holds that no test passes there for want of a provider.
func TestLackFailsInCI(t *testing.T) {
	for ci, fails := range map[string]bool{"true": true, "": false} {
		t.Setenv("CI", ci)
		v := &verdict{TB: t}
		cache.Lack(v, errors.New("no java"))
		if (v.fatal == "no java") != fails || (v.skip == "no java") == fails {
			t.Errorf("CI=%q: fatal %q, skip %q", ci, v.fatal, v.skip)
		}
	}
}
