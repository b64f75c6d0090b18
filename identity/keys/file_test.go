package keys_test

import (
	"errors"
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
	return identity.KeySource{File: path, Root: filepath.Dir(path), Refresh: 5 * time.Minute, MaxStale: 24 * time.Hour}
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
			target, link := path+".target", path+".link"
			if err := os.WriteFile(target, second, 0o600); err != nil {
				return err
			}
			if err := os.Symlink(filepath.Base(target), link); err != nil {
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
		"a device":   {func(path string) error { _ = os.Remove(path); return os.Symlink("/dev/zero", path) }, "path escapes"},
		"a loop":     {func(path string) error { _ = os.Remove(path); return os.Symlink(filepath.Base(path), path) }, "symbolic links"},
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

// A mounted directory is laid out as a kubelet does it: the file is a link through ..data, which is
// swapped.
func mounted(t *testing.T, text []byte) (path string, swap func(version string, text []byte)) {
	t.Helper()
	dir := t.TempDir()
	swap = func(version string, text []byte) {
		t.Helper()
		err := errors.Join(
			os.Mkdir(filepath.Join(dir, version), 0o700),
			os.WriteFile(filepath.Join(dir, version, "keys"), text, 0o600),
			os.Symlink(version, filepath.Join(dir, "..tmp")),
			os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")))
		if err != nil {
			t.Fatal(err)
		}
	}
	swap("..1", text)
	path = filepath.Join(dir, "keys")
	if err := os.Symlink("..data/keys", path); err != nil {
		t.Fatal(err)
	}
	return path, swap
}

func TestFileMounted(t *testing.T) {
	path, swap := mounted(t, mint.JWKS(minttest.Key(t, "ES256", "a")))
	l := lease(t, "shop", byFile(path))
	keystest.Until(t, "the first key", has(l, "a"))
	swap("..2", mint.JWKS(minttest.Key(t, "ES256", "b")))
	keystest.Until(t, "the second key", has(l, "b"))
}

// TestFileOutside: whoever may change the directory does not choose a file elsewhere, by links
// that come while the file is in use.
func TestFileOutside(t *testing.T) {
	outside := minttest.File(t, "keys.json", mint.JWKS(minttest.Key(t, "ES256", "outside")))
	beside := func(dir string) string { // a relative way from dir to the file outside
		way, err := filepath.Rel(dir, outside)
		if err != nil {
			t.Fatal(err)
		}
		return way
	}
	for name, tc := range map[string]struct{ link, to func(root string) string }{
		"a relative link":          {inSub, func(root string) string { return beside(filepath.Join(root, "sub")) }},
		"an absolute link":         {inSub, func(string) string { return outside }},
		"a folder that is a link":  {func(root string) string { return filepath.Join(root, "sub") }, func(string) string { return filepath.Dir(outside) }},
		"an absolute link to here": {inSub, func(root string) string { return filepath.Join(root, "other.json") }},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := inSub(root)
			err := errors.Join(
				os.WriteFile(filepath.Join(root, "other.json"), mint.JWKS(minttest.Key(t, "ES256", "other")), 0o600),
				os.Mkdir(filepath.Dir(path), 0o700),
				os.WriteFile(path, mint.JWKS(minttest.Key(t, "ES256", "a")), 0o600))
			if err != nil {
				t.Fatal(err)
			}
			from := byFile(path)
			from.Root = root
			l := lease(t, "shop", from)
			keystest.Until(t, "the key", has(l, "a"))
			if err := errors.Join(os.RemoveAll(tc.link(root)), os.Symlink(tc.to(root), tc.link(root))); err != nil {
				t.Fatal(err)
			}
			keystest.Until(t, "a refusal", func() bool { return strings.Contains(l.Status().Error, "path escapes") })
			if !has(l, "a")() {
				t.Error("the good keys are gone")
			}
		})
	}
}

func inSub(root string) string { return filepath.Join(root, "sub", "keys.json") }

// TestFileUnknownKid: the next look at the file answers, and then it is known.
func TestFileUnknownKid(t *testing.T) {
	// Not quick: an answer counts for twice the time between two looks.
	l := leaseWith(t, keys.Options{}, "shop", byFile(minttest.File(t, "keys.json", mint.JWKS(minttest.Key(t, "ES256", "a")))))
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
	lease, err := pool.Acquire("shop", identity.KeySource{File: path, Root: dir, Refresh: time.Minute, MaxStale: time.Hour})
	<-changed
	fmt.Println(err, lease.Set().Keys.KeyIDs(), lease.Fresh(time.Now()))
	// Output: <nil> [k1] true
}
