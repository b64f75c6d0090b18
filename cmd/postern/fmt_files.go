package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/syntax"
)

// A folder is a directory, and those of its policy files that postern fmt was asked for.
type folder struct {
	dir     string
	texts   []directory.Text
	changes []directory.Change
}

// shown is what a file is called from the working directory.
func (f *folder) shown(name string) string {
	return filepath.Join(f.dir, filepath.FromSlash(name))
}

// readFolders reads directories and single files, each file once. The error has all faults, as
// *syntax.Errors.
func readFolders(paths []string) ([]*folder, error) {
	var faults syntax.Errors
	var folders []*folder
	seen := map[string]bool{}
	for _, p := range paths {
		f, err := readFolder(p)
		faults.Add(err)
		if f == nil {
			continue
		}
		texts := f.texts
		f.texts = nil
		for _, text := range texts {
			if real, err := filepath.EvalSymlinks(f.shown(text.Name)); err == nil && !seen[real] {
				seen[real] = true
				f.texts = append(f.texts, text)
			}
		}
		folders = append(folders, f)
	}
	return folders, faults.Err()
}

// readFolder reads one directory, or one file.
func readFolder(path string) (*folder, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, faultOf(path, "cannot be read: %v", causeOf(err))
	}
	if !info.IsDir() {
		f := &folder{dir: filepath.Dir(path)}
		text, err := readPolicy(f.dir, filepath.Base(path))
		if err != nil {
			return nil, faultOf(path, "cannot be read: %v", causeOf(err))
		}
		f.texts = []directory.Text{{Name: filepath.Base(path), Text: text}}
		return f, ending(path, text)
	}
	files, err := directory.Read(path)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: path, texts: files.Texts}
	var faults *syntax.Errors
	if errors.As(files.Faults, &faults) {
		for _, fault := range faults.Unwrap() {
			var one *syntax.Error
			if errors.As(fault, &one) && one.Position.Source != "" {
				one.Position.Source = f.shown(one.Position.Source)
			}
		}
	}
	return f, files.Faults
}

// faultOf is a fault of a whole file.
func faultOf(name, format string, args ...any) error {
	return &syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf(format, args...)}
}

// causeOf returns what is wrong without the operation and the name, which the error is said of.
func causeOf(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// readPolicy reads a file that no link leads out of its directory for. O_NONBLOCK keeps the opening
// of a pipe from waiting for a writer.
func readPolicy(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > syntax.MaxFile:
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), syntax.MaxFile)
	}
	return io.ReadAll(io.LimitReader(f, syntax.MaxFile+1))
}

// ending refuses what may be half of a file, as package directory does: formatted, nobody would
// see that any more.
func ending(name string, text []byte) error {
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		return nil
	}
	return &syntax.Error{
		Position: syntax.Position{Source: name, Line: bytes.Count(text, []byte("\n")) + 1, Column: len(text) - bytes.LastIndexByte(text, '\n') - 1},
		Message:  "the file ends in the middle of a line, as one does that is half written: end it with a newline",
	}
}

// parallel is how many files are written at once: most of the time is waiting for the disk.
const parallel = 16

// replaceAll writes the changes of all folders, or of none.
func replaceAll(folders []*folder) error {
	var parts []*folder
	for _, f := range folders {
		if err := f.refuseLinks(); err != nil {
			return err
		}
		for part := range slices.Chunk(f.changes, max(1, (len(f.changes)+parallel-1)/parallel)) {
			parts = append(parts, &folder{dir: f.dir, changes: part})
		}
	}
	errs := make([]error, len(parts))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, part := range parts {
		group.Go(func() error {
			errs[i] = part.replace()
			return errs[i]
		})
	}
	if group.Wait() == nil {
		return nil
	}
	for i, part := range parts {
		if errs[i] == nil {
			errs[i] = part.reversed().replace()
		}
	}
	return errors.Join(errs...)
}

// refuseLinks looks for links among the files that change: in the place of each a file would come
// to stand.
func (f *folder) refuseLinks() error {
	var faults syntax.Errors
	for _, c := range f.changes {
		if info, err := os.Lstat(f.shown(c.Name)); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			faults.Add(faultOf(f.shown(c.Name), "is a link, and in another form: format the file that it leads to"))
		}
	}
	return faults.Err()
}

func (f *folder) replace() error {
	owners := ownersOf(f)
	if err := directory.Replace(f.dir, f.changes); err != nil {
		return err
	}
	return owners.restore()
}

// reversed undoes what was changed.
func (f *folder) reversed() *folder {
	undo := &folder{dir: f.dir}
	for _, c := range f.changes {
		undo.changes = append(undo.changes, directory.Change{Name: c.Name, Before: c.After, After: c.Before})
	}
	return undo
}
