package directory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/postern/postern/policy/directory"
)

// TestRevocationsThatAreWrittenAllTheTime keep no policies from being read.
func TestRevocationsThatAreWrittenAllTheTime(t *testing.T) {
	const revocation = "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: logged-out}\nspec:\n  entries:\n  - {callers: [spiffe://shop.test/n%d], until: 2999-01-01T00:00:00Z}\n"
	files := tree{"a.yaml": policy("a", 1), "moving.yaml": fmt.Sprintf(revocation, 0)}
	for i := range 300 { // so that reading takes longer than writing
		files[fmt.Sprintf("more/%d.yaml", i)] = policy(fmt.Sprintf("p%d", i), 1)
	}
	dir := newDir(t, files)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			beside := filepath.Join(dir, ".beside")
			if err := os.WriteFile(beside, []byte(fmt.Sprintf(revocation, n)), 0o600); err != nil {
				t.Error(err)
				return
			}
			if err := os.Rename(beside, filepath.Join(dir, "moving.yaml")); err != nil {
				t.Error(err)
				return
			}
		}
	})
	content, err := directory.Load(dir, "")
	close(stop)
	writing.Wait()
	if err != nil || len(content.Documents) != 302 {
		t.Errorf("got %v", err)
	}
}
