package spire

import (
	"errors"
	"testing"
)

func TestFolderOfNothing(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	if dir, err := Folder(); !errors.Is(err, ErrNotFound) {
		t.Errorf("%q, %v in an empty cache", dir, err)
	}
}
