package directory

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/postern/postern/policy/syntax"
)

// A place is a directory in which documents may name files.
type place struct {
	root *os.Root
	path string // absolute
}

// resolve replaces the names of files in documents by where they were found, and returns the names,
// below the directory, of those that stand in it.
func (l *loader) resolve(dir, secrets string) (named []string) {
	if !slices.ContainsFunc(l.content.Documents, func(d syntax.Document) bool { return len(d.Files) > 0 }) {
		return nil
	}
	beside, err := filepath.Abs(dir)
	if err != nil {
		l.faults.Add(err)
		return nil
	}
	places := []place{{l.root, beside}}
	if secrets != "" {
		p, err := openPlace(secrets)
		if err != nil {
			l.faults.Add(fmt.Errorf("the directory of secrets %s: %w", secrets, cause(err)))
			return nil
		}
		defer p.root.Close()
		places = append(places, p)
	}
	for i := range l.content.Documents {
		d := &l.content.Documents[i]
		for _, f := range d.Files {
			if name := l.file(f, places); name != "" {
				named = append(named, name)
			}
		}
		if d.IdentityProvider != nil && len(d.Files) > 0 {
			d.IdentityProvider.Digest = withPaths(d)
		}
	}
	return named
}

func openPlace(dir string) (place, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	root, err := os.OpenRoot(absolute)
	return place{root, absolute}, err
}

// A location is where a file was found. Whoever opens it later looks below root again, because
// what stands there may be a link by then.
type location struct {
	root, path string // absolute
	info       fs.FileInfo
}

// file finds one file in exactly one of the places, and returns its name if that is the directory
// of the documents.
func (l *loader) file(f syntax.File, places []place) (named string) {
	var found []location
	var tried []string
	for i, p := range places {
		name := f.Name.Value
		if i == 0 {
			name = path.Join(path.Dir(f.Name.Position.Source), name)
		}
		absolute := filepath.Join(p.path, filepath.FromSlash(name))
		tried = append(tried, absolute)
		info, err := p.root.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			l.faults.Add(&syntax.Error{Position: f.Name.Position, Message: fmt.Sprintf("%s: %v", absolute, cause(err))})
			return ""
		case !info.Mode().IsRegular():
			l.faults.Add(&syntax.Error{Position: f.Name.Position, Message: absolute + " is no regular file"})
			return ""
		}
		if i == 0 {
			named = name
		}
		found = append(found, location{p.path, absolute, info})
	}
	l.settle(f, found, tried)
	return named
}

// settle takes the one file that was found. Two are not a choice, unless they are one.
func (l *loader) settle(f syntax.File, found []location, tried []string) {
	message := ""
	switch {
	case len(found) == 0 && l.offline:
		return
	case len(found) == 0 && len(tried) == 1:
		message = fmt.Sprintf("there is no file %s, and --secrets names no other place", tried[0])
	case len(found) == 0:
		message = fmt.Sprintf("there is neither a file %s nor %s", tried[0], tried[1])
	case len(found) == 2 && !os.SameFile(found[0].info, found[1].info):
		message = fmt.Sprintf("there are two files of this name, %s and %s: rename one", found[0].path, found[1].path)
	}
	if message != "" {
		l.faults.Add(&syntax.Error{Position: f.Name.Position, Message: message})
		return
	}
	*f.Root, *f.Path = found[0].root, found[0].path
}

// withPaths is a provider's digest once its files are known: the same text beside other files is
// another provider.
func withPaths(d *syntax.Document) [32]byte {
	h := sha256.New()
	h.Write(d.Digest[:])
	for _, f := range d.Files {
		fmt.Fprintf(h, "%q %q\n", *f.Root, *f.Path)
	}
	return [32]byte(h.Sum(nil))
}
