package revoke

import (
	"errors"
	"io/fs"
	"os"
	"path"
)

// makeFolder makes the folder of the documents like the directory that it is in.
func makeFolder(root *os.Root) error {
	above, err := root.Stat(".")
	if err != nil {
		return err
	}
	err = root.Mkdir(Folder, above.Mode().Perm())
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := root.Chmod(Folder, above.Mode().Perm()); err != nil { // whatever the umask is
		return err
	}
	return giveTo(root, Folder, above)
}

// openLock opens the file that is locked. Whoever may not write there must not hold others up.
func openLock(root *os.Root) (*os.File, error) {
	folder, err := root.Stat(Folder)
	if err != nil {
		return nil, err
	}
	name, mode := path.Join(Folder, ".lock"), folder.Mode().Perm()&0o660
	l, err := root.OpenFile(name, os.O_RDWR, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	if l, err = root.OpenFile(name, os.O_RDWR|os.O_CREATE, mode); err != nil {
		return nil, err
	}
	// Only who made it can do these, and then they are done.
	_, _ = l.Chmod(mode), giveTo(root, name, folder)
	return l, nil
}

// newMode is the mode of a new document: who is cut off is for Postern, in its group, and nobody else.
const newMode = 0o640

// replace writes a text beside its file and lets it take the file's place, on the disk, too. It keeps
// the mode and the owner of what was there, like; a new file has newMode, and the owner and the group of
// its folder, since a document that the sidecar cannot read cuts nothing off.
func replace(root *os.Root, name string, text []byte, like fs.FileInfo) error {
	mode := fs.FileMode(newMode)
	if like != nil {
		mode = like.Mode().Perm() & 0o666
	} else {
		folder, err := root.Stat(path.Dir(name))
		if err != nil {
			return err
		}
		like = folder
	}
	beside := path.Join(path.Dir(name), "."+path.Base(name)+".new")
	if err := root.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one who was killed
		return err
	}
	f, err := root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = giveTo(root, beside, like)
	}
	if err == nil {
		err = root.Rename(beside, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(beside))
	}
	return syncFolder(root, path.Dir(name))
}

// syncFolder brings the renaming to the disk.
func syncFolder(root *os.Root, name string) error {
	d, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
