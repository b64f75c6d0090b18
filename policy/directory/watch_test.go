package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory"
)

const quiet = 20 * time.Millisecond

// A watcher gathers what Watch applies.
type watcher struct {
	t       *testing.T
	dir     string
	applied chan string
	done    chan error
	cancel  context.CancelFunc
}

func watch(t *testing.T, dir, secrets string) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{t, dir, make(chan string, 1000), make(chan error, 1), cancel}
	go func() {
		w.done <- directory.NewWatcher(dir, secrets, quiet, nil).Watch(ctx, func(c *directory.Content, err error) {
			switch {
			case (c == nil) == (err == nil):
				w.applied <- fmt.Sprintf("content %v beside the error %v", c, err)
			case err != nil:
				w.applied <- strings.ReplaceAll(err.Error(), dir, "DIR")
			default:
				w.applied <- versions(c)
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, soon(t, w.done))
	})
	return w
}

// versions returns the first workload of every policy, and the kind of other documents.
func versions(c *directory.Content) string {
	var all []string
	for _, d := range c.Documents {
		version := d.Kind
		p := d.ServicePolicy
		if d.Reread != nil {
			p = d.Reread()
		}
		if p != nil {
			version = strings.TrimPrefix(p.Workloads[0].Value, "spiffe://shop.test/")
		}
		all = append(all, d.Position.Source+":"+version)
	}
	return strings.Join(all, " ")
}

// next waits for what is applied next.
func (w *watcher) next(want string) {
	w.t.Helper()
	if got := soon(w.t, w.applied); got != want {
		w.t.Fatalf("applied %s, want %s", got, want)
	}
}

// until waits for something to be applied; what comes before must be among others, or say that the
// file is still open: on a machine that is busy put may take its time.
func (w *watcher) until(want string, others ...string) {
	w.t.Helper()
	for {
		got := soon(w.t, w.applied)
		if got == want {
			return
		}
		known := strings.Contains(got, "open for writing")
		for _, other := range others {
			known = known || got == other
		}
		if !known {
			w.t.Fatalf("applied %s, want %s", got, want)
		}
	}
}

// written is what is said of a file that was made, or cut to nothing, and not written yet. On a
// machine that is busy this may last for longer than the quiet time.
func written(name string) string { return name + ":1:1: no documents" }

// nothing holds that nothing more was applied; it ends the watch.
func (w *watcher) nothing() {
	w.t.Helper()
	w.cancel()
	must(w.t, soon(w.t, w.done))
	w.done <- nil
	select {
	case got := <-w.applied:
		w.t.Fatalf("applied %s, want nothing", got)
	default:
	}
}

// replace writes a file beside its place and renames it, as careful tools do.
func replace(t *testing.T, dir, name, text string) {
	t.Helper()
	put(t, dir, tree{".new": text})
	must(t, os.Rename(filepath.Join(dir, ".new"), filepath.Join(dir, name)))
}

func TestWatchFiles(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	put(t, dir, tree{"a.yaml": policy("a", 2)})
	w.until("a.yaml:v2", written("a.yaml"))
	replace(t, dir, "a.yaml", policy("a", 3))
	w.next("a.yaml:v3")
	put(t, dir, tree{"b.yaml": policy("b", 1)})
	w.until("a.yaml:v3 b.yaml:v1", written("b.yaml"))
	must(t, os.Rename(filepath.Join(dir, "b.yaml"), filepath.Join(dir, "c.yaml")))
	w.next("a.yaml:v3 c.yaml:v1") // positions name the file
	must(t, os.Remove(filepath.Join(dir, "a.yaml")))
	w.next("c.yaml:v1")
	w.nothing()
}

// TestWatchIsAtWork from before it reads until what it read is applied.
func TestWatchIsAtWork(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	ctx, cancel := context.WithCancel(t.Context())
	var steps []string
	step := func(s string) { steps = append(steps, s) }
	working := func() func() {
		step("begin")
		return func() { step("done") }
	}
	w := directory.NewWatcher(dir, "", quiet, working)
	must(t, w.Watch(ctx, func(*directory.Content, error) { step("apply"); cancel() }))
	ctx, cancel = context.WithCancel(t.Context())
	must(t, w.WatchRevocations(ctx, func(*directory.Revocations) { step("apply"); cancel() }))
	if got := strings.Join(steps, " "); got != "begin apply done begin apply done" {
		t.Errorf("got %s", got)
	}
}

// TestWatchAgain applies what it applied before.
func TestWatchAgain(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	ctx, cancel := context.WithCancel(t.Context())
	applied := 0
	w := directory.NewWatcher(dir, "", quiet, nil)
	must(t, w.Watch(ctx, func(c *directory.Content, err error) {
		must(t, err)
		if got := versions(c); got != "a.yaml:v1" {
			t.Errorf("applied %s", got)
		}
		if applied++; applied == 3 {
			cancel()
			return
		}
		w.Again()
		w.Again() // while it was asked already
	}))
	if applied != 3 {
		t.Errorf("applied %d times", applied)
	}
}

func TestWatchFolders(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	put(t, dir, tree{"x/y/b.yaml": policy("b", 1)})
	w.until("a.yaml:v1 x/y/b.yaml:v1", written("x/y/b.yaml"))
	put(t, dir, tree{"x/y/b.yaml": policy("b", 2)})
	w.until("a.yaml:v1 x/y/b.yaml:v2", written("x/y/b.yaml"))
	must(t, os.RemoveAll(filepath.Join(dir, "x")))
	w.until("a.yaml:v1")
	w.nothing()
}

func TestWatchErrors(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	replace(t, dir, "a.yaml", policy("a", 2)[:60]+"\n")
	w.next(`a.yaml:3:1: expected a field, as in "name: value"`)
	replace(t, dir, "a.yaml", "a: [\n")
	w.next("a.yaml:1:4: the [ that opens here is never closed")
	replace(t, dir, "a.yaml", policy("a", 1))
	w.next("a.yaml:v1") // as before the error, which is over
	must(t, os.Remove(filepath.Join(dir, "a.yaml")))
	w.next("DIR: no policies: there is no file *.yaml")
	w.nothing()
}

// TestWatchSameAgain holds that a change which changes nothing is not applied.
func TestWatchSameAgain(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	for range 3 {
		replace(t, dir, "a.yaml", policy("a", 1))
		put(t, dir, tree{"README": "new"})
	}
	put(t, dir, tree{"b.yaml": policy("b", 1)})
	w.until("a.yaml:v1 b.yaml:v1", written("b.yaml"))
	w.nothing()
}

// TestWatchConfigMap swaps a volume as a kubelet does.
func TestWatchConfigMap(t *testing.T) {
	dir := newDir(t, tree{"..1/a.yaml": policy("a", 1), "..1/sub/b.yaml": policy("b", 1), "..data": "->..1", "a.yaml": "->..data/a.yaml", "sub": "->..data/sub"})
	w := watch(t, dir, "")
	w.next("a.yaml:v1 sub/b.yaml:v1")
	for i := 2; i < 6; i++ {
		now := fmt.Sprintf("..%d", i)
		put(t, dir, tree{now + "/a.yaml": policy("a", i), now + "/sub/b.yaml": policy("b", i), "..data_tmp": "->" + now})
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		must(t, os.RemoveAll(filepath.Join(dir, fmt.Sprintf("..%d", i-1))))
		w.next(fmt.Sprintf("a.yaml:v%d sub/b.yaml:v%d", i, i))
	}
	w.nothing()
}

func TestWatchDirectoryReplaced(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	must(t, os.Rename(dir, dir+".old"))
	w.next("DIR: no such file or directory")
	must(t, os.Rename(dir+".old", dir))
	w.next("a.yaml:v1")
	put(t, dir+".new", tree{"a.yaml": policy("a", 2)})
	must(t, os.RemoveAll(dir))
	must(t, os.Rename(dir+".new", dir))
	w.until("a.yaml:v2", "DIR: no such file or directory", "DIR: no policies: there is no file *.yaml")
	put(t, dir, tree{"a.yaml": policy("a", 3)})
	w.until("a.yaml:v3", written("a.yaml"))
	w.nothing()
}

func TestWatchDirectoryIsALink(t *testing.T) {
	parent := t.TempDir()
	put(t, parent, tree{"1/a.yaml": policy("a", 1), "2/a.yaml": policy("a", 2), "dir": "->1"})
	dir := filepath.Join(parent, "dir")
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	must(t, os.Symlink("2", filepath.Join(parent, "tmp")))
	must(t, os.Rename(filepath.Join(parent, "tmp"), dir))
	w.next("a.yaml:v2")
	put(t, dir, tree{"a.yaml": policy("a", 3)})
	w.until("a.yaml:v3", written("a.yaml"))
	w.nothing()
}

func TestWatchBeginsWithoutADirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "policies")
	w := watch(t, dir, "")
	w.next("DIR: no such file or directory")
	put(t, dir+".new", tree{"a.yaml": policy("a", 1)})
	must(t, os.Rename(dir+".new", dir))
	w.next("a.yaml:v1")
	w.nothing()
}

func TestWatchSecrets(t *testing.T) {
	t.Parallel()
	dir, secrets := newDir(t, tree{"i.yaml": provider("i", "{file: keys.json}")}), newDir(t, nil)
	w := watch(t, dir, secrets)
	w.next("i.yaml:9:18: there is neither a file DIR/keys.json nor " + secrets + "/keys.json")
	put(t, secrets, tree{"keys.json": "{}"})
	w.next("i.yaml:IdentityProvider")
	w.nothing()
}

// TestWatchSecretsUnseen mends an error where no notification comes from.
func TestWatchSecretsUnseen(t *testing.T) {
	t.Parallel()
	dir, secrets := newDir(t, tree{"i.yaml": provider("i", "{file: keys.json}")}), newDir(t, tree{"..1/other": "", "..data": "->..1", "keys.json": "->..data/keys.json"})
	w := watch(t, dir, secrets)
	w.next("i.yaml:9:18: there is neither a file DIR/keys.json nor " + secrets + "/keys.json")
	put(t, secrets, tree{"..1/keys.json": "{}"})
	w.next("i.yaml:IdentityProvider")
	w.nothing()
}

// TestWatchCutOff: half a file that was written and left is not loaded, though it would be sound.
func TestWatchCutOff(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	text := strings.Replace(policy("a", 2), "[spiffe://shop.test/v2]", "\n  - spiffe://shop.test/v2-internal", 1)
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	replace(t, dir, "a.yaml", strings.TrimSuffix(text, "-internal\n"))
	w.next("a.yaml:6:25: " + cutOff)
	replace(t, dir, "a.yaml", text)
	w.next("a.yaml:v2-internal")
	w.nothing()
}

// TestWatchUnseen changes a file where no notification comes from, behind a link into a hidden
// directory: looking now and then finds it.
func TestWatchUnseen(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"..1/a.yaml": policy("a", 1), "a.yaml": "->..1/a.yaml"})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	replace(t, filepath.Join(dir, "..1"), "a.yaml", policy("a", 2))
	w.next("a.yaml:v2")
	w.nothing()
}

// TestWatchNeverHalf changes two files together, again and again, a file at a time, while they are
// being read. A version of one beside a later version of the other may only be seen while the
// writer pauses between them, which it does not for as long as the quiet time.
func TestWatchNeverHalf(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 0), "b.yaml": policy("b", 0)})
	w := watch(t, dir, "")
	w.next("a.yaml:v0 b.yaml:v0")
	const last = 300
	for i := 1; i <= last; i++ {
		now := fmt.Sprintf(".%d", i)
		put(t, dir, tree{now + "/a.yaml": policy("a", i), now + "/b.yaml": policy("b", i)})
		for _, name := range []string{"a.yaml", "b.yaml"} {
			must(t, os.Rename(filepath.Join(dir, now, name), filepath.Join(dir, name)))
		}
	}
	for got := ""; got != fmt.Sprintf("a.yaml:v%d b.yaml:v%d", last, last); {
		got = soon(t, w.applied)
		var a, b int
		if _, err := fmt.Sscanf(got, "a.yaml:v%d b.yaml:v%d", &a, &b); err != nil || a-b > 1 || a < b {
			t.Fatalf("applied %s", got)
		}
	}
	w.nothing()
}

// TestWatchNoise holds that a directory that never rests is read all the same.
func TestWatchNoise(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	put(t, dir, tree{"a.yaml": policy("a", 2)})
	ticker := time.NewTicker(quiet / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			put(t, dir, tree{"noise": ""})
		case got := <-w.applied:
			if got == written("a.yaml") || strings.Contains(got, "open for writing") {
				continue
			}
			if got != "a.yaml:v2" {
				t.Fatalf("applied %s", got)
			}
			return
		case <-time.After(time.Minute):
			t.Fatal("nothing was applied")
		}
	}
}
