package directory

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// A Change is another text for one file.
type Change struct {
	Name   string // below the directory, with slashes
	Before []byte // what it held when it was read
	After  []byte
}

// temporary is what a new text is called until it takes the file's place. Names that begin with a
// dot are no policies to anybody.
func temporary(name string) string {
	return path.Join(path.Dir(name), "."+path.Base(name)+".new")
}

// Replace writes new texts, all or none: each is written beside its file, and when all are, they
// take the places of the files. It is an error, and nothing is written, if a file holds something
// else than before, or is a link, which would not be one any more. Where the last step fails half
// way, the files that were replaced are put back.
func Replace(dir string, changes []Change) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, cause(err))
	}
	defer root.Close()
	written := 0
	for ; written < len(changes) && err == nil; written++ {
		err = prepare(root, changes[written])
	}
	if err != nil {
		return errors.Join(err, discard(root, changes[:written-1]))
	}
	for i, c := range changes {
		if err := root.Rename(temporary(c.Name), c.Name); err != nil {
			err = fmt.Errorf("%s: %w", c.Name, cause(err))
			return errors.Join(err, discard(root, changes[i:]), restore(root, changes[:i]))
		}
	}
	return nil
}

// prepare writes one text beside its file.
func prepare(root *os.Root, c Change) error {
	info, err := root.Lstat(c.Name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.Name, cause(err))
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a link, which would be replaced by a file: change the file that it leads to", c.Name)
	}
	text, err := read(root, c.Name)
	if err == nil && !bytes.Equal(text, c.Before) {
		err = errors.New("it was changed by somebody else in the meantime")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return write(root, temporary(c.Name), c.After, info.Mode().Perm())
}

// write makes a file that is not there yet.
func write(root *os.Root, name string, text []byte, mode fs.FileMode) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), root.Remove(name))
	}
	return nil
}

// discard removes texts that stand beside their files.
func discard(root *os.Root, changes []Change) error {
	var errs []error
	for _, c := range changes {
		errs = append(errs, root.Remove(temporary(c.Name)))
	}
	return errors.Join(errs...)
}

// restore puts files back that were replaced.
func restore(root *os.Root, changes []Change) error {
	var errs []error
	for _, c := range changes {
		err := prepare(root, Change{Name: c.Name, Before: c.After, After: c.Before})
		if err == nil {
			err = root.Rename(temporary(c.Name), c.Name)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
