package keys

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/postern/postern/identity/jose"
)

// A file is looked up anew at each read, below a directory that no link leads it out of: who may
// replace it must not choose among the files of the whole machine.
type file struct {
	root string // the absolute path of the directory; it may be a link itself
	path string // absolute
}

// isBelowRoot says that both paths are absolute, and one is below the other as it is written.
func (f file) isBelowRoot() bool {
	_, ok := f.name()
	return ok
}

// name returns the path as seen from the root.
func (f file) name() (string, bool) {
	name, err := filepath.Rel(f.root, f.path)
	return name, err == nil && filepath.IsAbs(f.root) && filepath.IsAbs(f.path) && filepath.IsLocal(name)
}

// read returns the bytes of a regular file of at most limit bytes. It never waits for the other
// end of a pipe.
func (f file) read(limit int64) ([]byte, error) {
	name, ok := f.name()
	if !ok {
		return nil, errors.New("not below its directory")
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	opened, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	return readAll(opened, limit)
}

// A fileOrigin is a file.
type fileOrigin file

func (o fileOrigin) fetch(context.Context) ([]byte, error) { return file(o).read(jose.MaxKeySet) }

func (o fileOrigin) forget() {} // a file is always read whole
