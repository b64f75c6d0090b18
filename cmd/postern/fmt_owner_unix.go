//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// owners are the files of a directory that belong to somebody, by name.
type owners struct {
	dir string
	of  map[string]*syscall.Stat_t
}

// ownersOf looks at the files of a folder that change.
func ownersOf(f *folder) owners {
	o := owners{f.dir, map[string]*syscall.Stat_t{}}
	for _, c := range f.changes {
		if info, err := os.Lstat(f.shown(c.Name)); err == nil {
			o.of[c.Name], _ = info.Sys().(*syscall.Stat_t)
		}
	}
	return o
}

// restore gives the files that took the others' places their owners and groups, as far as that is
// permitted.
func (o owners) restore() error {
	root, err := os.OpenRoot(o.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, owner := range o.of {
		if owner == nil {
			continue
		}
		err := root.Lchown(name, int(owner.Uid), int(owner.Gid))
		if errors.Is(err, fs.ErrPermission) {
			err = root.Lchown(name, -1, int(owner.Gid))
		}
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}
