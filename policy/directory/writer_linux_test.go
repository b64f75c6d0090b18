package directory_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/policy/directory"
)

const hasWriter = "a.yaml: somebody has the file open for writing: it is read when it is closed; replace files by mv, so that nobody has to wait"

func open(t *testing.T, dir string, flag int) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "a.yaml"), flag, 0)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestWriter(t *testing.T) {
	t.Parallel()
	for name, flag := range map[string]int{"writing": os.O_WRONLY, "both": os.O_RDWR, "appending": os.O_APPEND | os.O_WRONLY} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t, tree{"a.yaml": policy("a", 1), "b.yaml": policy("b", 1)})
			reading, writing := open(t, dir, os.O_RDONLY), open(t, dir, flag)
			refused(t, dir, "", hasWriter)
			must(t, writing.Close())
			if got := names(load(t, dir, "")); got != "a.yaml:a b.yaml:b" { // with a reader, who does no harm
				t.Errorf("loaded %s", got)
			}
			must(t, reading.Close())
		})
	}
}

// TestWatchSlowWriter writes a file in place with long rests: within a name, and between two lines.
func TestWatchSlowWriter(t *testing.T) {
	t.Parallel()
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	w := watch(t, dir, "")
	w.next("a.yaml:v1")
	f := open(t, dir, os.O_WRONLY|os.O_TRUNC)
	text := policy("a", 22) + "  routes:\n  - name: r\n    http: {methods: [GET], path: /}\n    allow: [{callers: [anyone]}]\n    deny: [{callers: [anyone]}]\n"
	from := 0
	for _, to := range []int{strings.Index(text, "[spiffe"), strings.Index(text, "  routes"), strings.Index(text, "    deny")} {
		_, err := f.WriteString(text[from:to])
		must(t, err)
		if from == 0 {
			w.next(hasWriter)
		}
		from = to
		time.Sleep(5 * quiet) // what must not be applied meanwhile would come before what is, below
	}
	_, err := f.WriteString(text[from:])
	must(t, err)
	must(t, f.Close())
	w.next("a.yaml:v22")
	w.nothing()
}

// TestWriterIsNotHeldUp: asking for a writer neither makes one wait nor hurts who asks.
func TestWriterIsNotHeldUp(t *testing.T) {
	dir := newDir(t, tree{"a.yaml": policy("a", 1)})
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				f, err := os.OpenFile(filepath.Join(dir, "a.yaml"), os.O_WRONLY, 0)
				if waited := time.Since(began); err != nil || waited > 30*time.Second {
					t.Errorf("%v after %v", err, waited)
					return
				}
				_ = f.Close()
				time.Sleep(time.Millisecond)
			}
		})
	}
	for range 300 {
		content, err := directory.Load(dir, "")
		if err != nil && err.Error() != hasWriter || err == nil && names(content) != "a.yaml:a" {
			t.Errorf("loaded %v, %v", content, err)
		}
	}
	close(stop)
	writers.Wait()
}
