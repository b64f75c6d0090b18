package trust_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/identity/trust"
)

// within is how soon a change has to be in use.
const within = time.Second

// A desk is a bundle file of shop.test that is edited while it is watched, in a bubble of
// synctest: time is fake, the file is real.
type desk struct {
	t    *testing.T
	path string

	mu     sync.Mutex
	states []trust.State
}

func (d *desk) push(s trust.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.states = append(d.states, s)
}

// pushed returns the last state, of which there must be n by now.
func (d *desk) pushed(n int) trust.State {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.states) != n {
		d.t.Fatalf("%d states, want %d: %+v", len(d.states), n, d.states)
	}
	return d.states[n-1]
}

const maxAge = time.Hour

// watch runs test on a desk whose file holds the bundle of ca.
func watch(t *testing.T, ca *mint.CA, test func(d *desk)) {
	path := filepath.Join(t.TempDir(), "shop.pem")
	d := &desk{t: t, path: path}
	d.write(ca.BundlePEM())
	watchPath(t, d, test)
}

func watchPath(t *testing.T, d *desk, test func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		files, err := trust.OpenFiles([]trust.File{parseFile(t, "shop.test="+d.path)}, maxAge)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- files.Run(ctx, d.push) }()
		synctest.Wait()
		d.pushed(1)
		test(d)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func (d *desk) write(data []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.path, data, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// wait lets time pass and returns the last state, of which there must be n by then.
func (d *desk) wait(n int) trust.State {
	d.t.Helper()
	time.Sleep(within)
	synctest.Wait()
	return d.pushed(n)
}

// verdict is what a state makes of a caller that ca issued.
func verdict(t *testing.T, s trust.State, ca *mint.CA, at time.Time) reason.Code {
	t.Helper()
	const id = "spiffe://shop.test/web"
	leaf := minttest.SVID(t, ca, id, mint.Now(at)).Leaf()
	_, err := s.Bundles.Verify(svid.Presented{Principal: id, Certificate: mint.EnvoyCertificate(leaf)}, at)
	return reason.Of(err)
}

func expect(t *testing.T, s trust.State, ca *mint.CA, want reason.Code) {
	t.Helper()
	if got := verdict(t, s, ca, time.Now()); got != want {
		t.Fatalf("got %v, want %v (problems %q)", got, want, s.Problems)
	}
}

// year is a CA that outlives the fake time of any test here: synctest begins in 2000.
func year(t *testing.T) *mint.CA {
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	return minttest.CA(t, "shop.test", mint.Now(begin), mint.Lifetime(365*24*time.Hour))
}

func TestFilesAreWatched(t *testing.T) {
	old, fresh := year(t), year(t)
	for name, edit := range map[string]func(d *desk){
		"in place": func(d *desk) { d.write(fresh.BundlePEM()) },
		"renamed": func(d *desk) {
			next := &desk{t: d.t, path: d.path + ".next"}
			next.write(fresh.BundlePEM())
			rename(d.t, next.path, d.path)
		},
		"removed and made again": func(d *desk) { remove(d.t, d.path); d.write(fresh.BundlePEM()) },
		"as JSON":                func(d *desk) { d.write(minttest.BundleJSON(d.t, fresh)) },
		"same size and time": func(d *desk) {
			info, err := os.Stat(d.path)
			if err != nil {
				d.t.Fatal(err)
			}
			d.write(fresh.BundlePEM())
			if err := os.Chtimes(d.path, info.ModTime(), info.ModTime()); err != nil {
				d.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			watch(t, old, func(d *desk) {
				expect(d.t, d.pushed(1), old, reason.Allowed)
				expect(d.t, d.pushed(1), fresh, reason.CertificateUntrusted)
				edit(d)
				s := d.wait(2)
				expect(d.t, s, fresh, reason.Allowed)
				expect(d.t, s, old, reason.CertificateUntrusted)
				if len(s.Problems)+len(s.Lacks(time.Now())) != 0 {
					d.t.Errorf("problems %q, lacks %q", s.Problems, s.Lacks(time.Now()))
				}
			})
		})
	}
}

// TestConfigMap swaps ..data, as the kubelet does in a volume.
func TestConfigMap(t *testing.T) {
	old, fresh := year(t), year(t)
	dir := t.TempDir()
	version := func(name string, ca *mint.CA) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		(&desk{t: t, path: filepath.Join(dir, name, "shop.pem")}).write(ca.BundlePEM())
		symlink(t, name, filepath.Join(dir, "..data_tmp"))
		rename(t, filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data"))
	}
	version("..1", old)
	symlink(t, "..data/shop.pem", filepath.Join(dir, "shop.pem"))
	watchPath(t, &desk{t: t, path: filepath.Join(dir, "shop.pem")}, func(d *desk) {
		version("..2", fresh)
		s := d.wait(2)
		expect(d.t, s, fresh, reason.Allowed)
		expect(d.t, s, old, reason.CertificateUntrusted)
	})
}

// TestNothingIsPushed holds that a look that finds nothing new says nothing.
func TestNothingIsPushed(t *testing.T) {
	ca := year(t)
	watch(t, ca, func(d *desk) {
		d.wait(1)
		d.write(ca.BundlePEM())
		d.wait(1)
		d.write(append([]byte("# a comment\n"), ca.BundlePEM()...))
		d.wait(1)
		time.Sleep(2 * maxAge)
		d.wait(1)
	})
}

func TestBadContentKeepsTheLastGood(t *testing.T) {
	old, fresh := year(t), year(t)
	for name, tc := range contents(t) {
		if tc.want == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			watch(t, old, func(d *desk) {
				d.write([]byte(tc.data))
				s := d.wait(2)
				expect(d.t, s, old, reason.Allowed)
				if len(s.Problems) != 1 || !strings.Contains(s.Problems[0], tc.want) || !strings.Contains(s.Problems[0], d.path) {
					d.t.Fatalf("problems %q, want %q", s.Problems, tc.want)
				}
				d.write(fresh.BundlePEM())
				s = d.wait(3)
				expect(d.t, s, fresh, reason.Allowed)
				if len(s.Problems) != 0 {
					d.t.Errorf("problems %q after the repair", s.Problems)
				}
			})
		})
	}
}

// TestVanished follows a file that is gone until the last good is stale, and back.
func TestVanished(t *testing.T) {
	ca := year(t)
	watch(t, ca, func(d *desk) {
		remove(d.t, d.path)
		s := d.wait(2)
		expect(d.t, s, ca, reason.Allowed)
		if len(s.Problems) != 1 || !strings.Contains(s.Problems[0], "no such file") {
			d.t.Fatalf("problems %q", s.Problems)
		}
		time.Sleep(maxAge - 2*within)
		expect(d.t, s, ca, reason.Allowed)
		time.Sleep(2 * within)
		expect(d.t, s, ca, reason.BundleStale)
		if lacks := s.Lacks(time.Now()); len(lacks) != 1 {
			d.t.Errorf("lacks %q", lacks)
		}
		d.wait(2) // going stale is in the state already

		d.write([]byte("garbage"))
		before := s.Bundles
		s = d.wait(3)
		if s.Bundles != before {
			d.t.Error("the bundles changed with the fault")
		}
		expect(d.t, s, ca, reason.BundleStale) // wrong in another way is still wrong
		d.write(ca.BundlePEM())
		expect(d.t, d.wait(4), ca, reason.Allowed)
	})
}

// TestHalfWritten has a writer that stops in the middle, again and again, for less than a file
// must stay the same. One of the parts is a bundle by itself.
func TestHalfWritten(t *testing.T) {
	old, fresh := year(t), year(t)
	both := string(old.BundlePEM()) + string(fresh.BundlePEM())
	watch(t, old, func(d *desk) {
		time.Sleep(450 * time.Millisecond) // so that a look falls between each two writes
		for _, part := range []string{both[:10], both[:len(both)/3], string(fresh.BundlePEM()), both[:len(both)-9]} {
			d.write([]byte(part))
			time.Sleep(99 * time.Millisecond)
		}
		d.write([]byte(both))
		s := d.wait(2)
		expect(d.t, s, old, reason.Allowed)
		expect(d.t, s, fresh, reason.Allowed)
	})
}

func TestTwoFiles(t *testing.T) {
	shop, partner := year(t), minttest.CA(t, "partner.test")
	a, b := minttest.File(t, "a", shop.BundlePEM()), minttest.File(t, "b", partner.BundlePEM())
	files, err := trust.OpenFiles([]trust.File{parseFile(t, "shop.test="+a), parseFile(t, "partner.test="+b)}, maxAge)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var got trust.State
	if err := files.Run(ctx, func(s trust.State) { got = s; cancel() }); err != nil {
		t.Fatal(err)
	}
	if domains := got.Bundles.Domains(); len(domains) != 2 || !got.Self.IsZero() {
		t.Errorf("domains %+v, self %q", domains, got.Self)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}
