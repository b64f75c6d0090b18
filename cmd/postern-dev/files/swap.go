// Package files keeps certificates in folders, for programs that read files: Envoy and curl.
//
// All files of a folder change in one instant, the way Kubernetes mounts a ConfigMap: each
// name is a symbolic link into ..data, itself a link that a rename replaces. A program that
// watches the folder for renames (Envoy's watched_directory) never sees a certificate beside
// the wrong key.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// data is the link that is swapped.
const data = "..data"

// Swap makes the folder hold these files, all at once, readable by this user alone. Files of
// other names are left alone. The folder is made where it is not there.
func Swap(folder string, contents map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	version, err := writeVersion(folder, contents)
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	for name := range contents {
		if err := link(folder, name); err != nil {
			return fmt.Errorf("files: %w", err)
		}
	}
	if err := replaceLink(folder, data, filepath.Base(version)); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return removeOthers(folder, filepath.Base(version))
}

func writeVersion(folder string, contents map[string][]byte) (string, error) {
	version, err := os.MkdirTemp(folder, "..v") // mode 0700
	if err != nil {
		return "", err
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(version, name), content, 0o600); err != nil {
			return "", errors.Join(err, os.RemoveAll(version))
		}
	}
	return version, nil
}

// link makes sure that name is a link into ..data, which may not be there yet.
func link(folder, name string) error {
	target := filepath.Join(data, name)
	if is, err := os.Readlink(filepath.Join(folder, name)); err == nil && is == target {
		return nil
	}
	return replaceLink(folder, name, target)
}

func replaceLink(folder, name, target string) error {
	temporary := filepath.Join(folder, "..new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(folder, name))
}

// removeOthers removes the versions before, of earlier runs too.
func removeOthers(folder, version string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, "..v") && name != version {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, name)))
		}
	}
	return err
}
