package revoke_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// writer runs one until the test ends.
func writer(t testing.TB, dir string) *revoke.Writer {
	t.Helper()
	w := revoke.NewWriter(revoke.NewStore(dir), "revoked", func() time.Time { return noon })
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return w
}

func TestWriter(t *testing.T) {
	dir := directory(t, nil)
	w := writer(t, dir)
	const many = 200
	places := make([]string, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			at, err := w.Add(t.Context(), subject(fmt.Sprintf("s%d", i)))
			if err != nil {
				t.Error(err)
			}
			places[i] = at
			if !strings.Contains(revoked(t, dir), fmt.Sprintf("[of-s%d]", i)) {
				t.Errorf("%d is said to be there, and is not", i)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, at := range places {
		seen[at] = true
	}
	if len(seen) != many || strings.Count(revoked(t, dir), "\n  - ") != many {
		t.Errorf("%d places\n%s", len(seen), revoked(t, dir))
	}
}

// TestWriterFails for the one that is wrong, and for all when the disk does.
func TestWriterFails(t *testing.T) {
	dir := directory(t, nil)
	w := writer(t, dir)
	if _, err := w.Add(t.Context(), identity.RevocationEntry{Providers: []string{"a"}, Subjects: []string{""}, Until: noon.Add(time.Hour)}); err == nil {
		t.Error("an empty subject is written")
	}
	if _, err := w.Add(t.Context(), subject("a")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "revocations/revoked.yaml"), []byte("kind: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Add(t.Context(), subject("b")); err == nil || !strings.Contains(err.Error(), "revoked.yaml:1:") {
		t.Error(err)
	}
}

func TestWriterStops(t *testing.T) {
	w := revoke.NewWriter(revoke.NewStore(t.TempDir()), "revoked", time.Now)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Add(done, subject("a")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.Run(done)
	if _, err := w.Add(t.Context(), subject("a")); err == nil {
		t.Error("it has stopped, and takes more")
	}
}

// BenchmarkAdd is of one entry more, in a document that has so many.
func BenchmarkAdd(b *testing.B) {
	for _, many := range []int{0, 1000, 9000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			dir := directory(b, nil)
			entries := make([]identity.RevocationEntry, many)
			for i := range entries {
				entries[i] = subject(fmt.Sprintf("s%d", i))
			}
			add(b, dir, noon, entries...)
			store := revoke.NewStore(dir)
			for i := 0; b.Loop(); i++ {
				if _, err := store.Add("revoked", []identity.RevocationEntry{subject(fmt.Sprintf("x%d", i))}, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
