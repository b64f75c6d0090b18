package keys_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

func byFile(path string) identity.KeySource {
	return identity.KeySource{File: path, Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour}
}

// TestFileReplaced: in whatever way a file gets its new content, it is seen.
func TestFileReplaced(t *testing.T) {
	first, second := mint.JWKS(minttest.Key(t, "ES256", "a")), mint.JWKS(minttest.Key(t, "ES256", "b"))
	for name, replace := range map[string]func(path string) error{
		"written over": func(path string) error { return os.WriteFile(path, second, 0o600) },
		"renamed over": func(path string) error {
			next := path + ".next"
			if err := os.WriteFile(next, second, 0o600); err != nil {
				return err
			}
			return os.Rename(next, path)
		},
		"a symlink swapped": func(path string) error {
			target, link := filepath.Join(filepath.Dir(path), "target"), path+".link"
			if err := os.WriteFile(target, second, 0o600); err != nil {
				return err
			}
			if err := os.Symlink(target, link); err != nil {
				return err
			}
			return os.Rename(link, path)
		},
		"removed and made": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.WriteFile(path, second, 0o600)
		},
		"written with the old time and size": func(path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, second, 0o600); err != nil {
				return err
			}
			return os.Chtimes(path, info.ModTime(), info.ModTime())
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := minttest.File(t, "keys.json", first)
			l := lease(t, "shop", byFile(path))
			keystest.Until(t, "the first key", has(l, "a"))
			if err := replace(path); err != nil {
				t.Fatal(err)
			}
			keystest.Until(t, "the second key", has(l, "b"))
		})
	}
}

func TestFileBroken(t *testing.T) {
	good := mint.JWKS(minttest.Key(t, "ES256", "a"))
	for name, tc := range map[string]struct {
		breaks func(path string) error
		want   string
	}{
		"removed":    {os.Remove, "no such file"},
		"cut off":    {func(path string) error { return os.Truncate(path, 40) }, "not a JWK Set"},
		"emptied":    {func(path string) error { return os.Truncate(path, 0) }, "not a JWK Set"},
		"too large":  {func(path string) error { return os.Truncate(path, 1<<20) }, "more than"},
		"a folder":   {func(path string) error { _ = os.Remove(path); return os.Mkdir(path, 0o700) }, "not a regular file"},
		"a pipe":     {func(path string) error { _ = os.Remove(path); return syscall.Mkfifo(path, 0o600) }, "not a regular file"},
		"a device":   {func(path string) error { _ = os.Remove(path); return os.Symlink("/dev/zero", path) }, "not a regular file"},
		"a loop":     {func(path string) error { _ = os.Remove(path); return os.Symlink(path, path) }, "symbolic links"},
		"other text": {func(path string) error { return os.WriteFile(path, []byte("canary"), 0o600) }, "not a JWK Set"},
	} {
		t.Run(name, func(t *testing.T) {
			path := minttest.File(t, "keys.json", good)
			l := lease(t, "shop", byFile(path))
			keystest.Until(t, "the key", has(l, "a"))
			if err := tc.breaks(path); err != nil {
				t.Fatal(err)
			}
			keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
			if st := l.Status(); !strings.Contains(st.Error, tc.want) || strings.Contains(st.Error, "canary") {
				t.Errorf("the error is %q", st.Error)
			}
			if !has(l, "a")() || !l.Fresh(time.Now()) {
				t.Error("the good keys are gone")
			}
		})
	}
}

// TestFileUnknownKid: the next look at the file answers, and then it is known.
func TestFileUnknownKid(t *testing.T) {
	l := lease(t, "shop", byFile(minttest.File(t, "keys.json", mint.JWKS(minttest.Key(t, "ES256", "a")))))
	keystest.Until(t, "the key", has(l, "a"))
	if wait, pending := l.Want("b"); !pending || wait < 1 || wait > 2 {
		t.Errorf("pending %v, wait %d s", pending, wait)
	}
	keystest.Until(t, "an answer", func() bool { _, pending := l.Want("b"); return !pending })
}

func ExamplePool() {
	key, _ := mint.NewKey("ES256", "k1")
	dir, _ := os.MkdirTemp("", "keys")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys.json")
	_ = os.WriteFile(path, mint.JWKS(key), 0o600)

	changed := make(chan bool, 1)
	pool := keys.NewPool(keys.Options{Changed: func() { changed <- true }})
	defer pool.Close()
	lease, err := pool.Acquire("shop", identity.KeySource{File: path, Refresh: time.Minute, MaxStale: time.Hour})
	<-changed
	fmt.Println(err, lease.Set().Keys.KeyIDs(), lease.Fresh(time.Now()))
	// Output: <nil> [k1] true
}
