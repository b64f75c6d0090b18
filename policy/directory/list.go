package directory

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
)

// The bounds of a directory: what is beyond them is no policy of anybody.
const (
	maxFiles       = 10_000
	maxDirectories = 1_000
	maxEntries     = 100_000 // of all directories, files that are ignored included
)

// A listing is what is found in a directory at one moment, by name.
type listing struct {
	root    *os.Root
	files   []file // *.yaml
	json    []string
	folders []file
	entries int
	missed  []string // names of which is not known what they stand for, or what is below them, or has become of them
	faults  syntax.Errors
}

// A file is a name below the directory, with slashes, and what it stood for.
type file struct {
	name string
	info fs.FileInfo
}

// list looks at every name below root, and opens no file.
func list(root *os.Root) *listing {
	l := &listing{root: root}
	info, err := root.Stat(".")
	if err != nil {
		l.miss(".", "cannot be read: %v", cause(err))
		return l
	}
	l.folder(".", info)
	slices.SortFunc(l.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return l
}

func (l *listing) fault(name, format string, args ...any) {
	l.faults.Add(&syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf(format, args...)})
}

// miss is fault for a name that may stand for files that were there before.
func (l *listing) miss(name, format string, args ...any) {
	l.missed = append(l.missed, name)
	l.fault(name, format, args...)
}

// misses says that a file may be there although it was not found.
func (l *listing) misses(name string) bool {
	return slices.ContainsFunc(l.missed, func(m string) bool { return m == "." || m == name || strings.HasPrefix(name, m+"/") })
}

// folder lists one directory. A link may lead to one that was listed already, and so for ever.
func (l *listing) folder(name string, info fs.FileInfo) {
	for _, other := range l.folders {
		if os.SameFile(other.info, info) {
			l.fault(name, "is the directory %s again", other.name)
			return
		}
	}
	if len(l.folders) == maxDirectories {
		l.miss(name, "is one directory too many: at most %d are read", maxDirectories)
		return
	}
	l.folders = append(l.folders, file{name, info})
	names, err := readNames(l.root, name, maxEntries-l.entries)
	if err != nil {
		l.miss(name, "cannot be read: %v", cause(err))
		return
	}
	if l.entries += len(names); l.entries >= maxEntries {
		l.miss(name, "has too much in it: at most %d names are looked at", maxEntries)
		return
	}
	for _, base := range names {
		if !strings.HasPrefix(base, ".") {
			l.entry(path.Join(name, base))
		}
	}
}

// readNames returns the names in a directory, at most so many, sorted.
func readNames(root *os.Root, name string, most int) ([]string, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(most)
	if len(names) == 0 && err != nil {
		names, err = nil, ignoreEOF(err)
	}
	slices.Sort(names)
	return names, err
}

func (l *listing) entry(name string) {
	info, err := l.root.Stat(name)
	extension := path.Ext(name)
	kind := strings.ToLower(extension)
	policy := kind == ".yaml" || kind == ".yml" || kind == ".json"
	switch {
	case err != nil:
		l.miss(name, "cannot be read: %v", cause(err))
	case info.IsDir() && policy:
		l.miss(name, "is a directory: give it a name that is not that of a file")
	case info.IsDir():
		l.folder(name, info)
	case !policy:
	case !info.Mode().IsRegular():
		l.miss(name, "is no regular file")
	case kind == ".json":
		l.json = append(l.json, name)
	case extension != ".yaml":
		l.missed = append(l.missed, strings.TrimSuffix(name, extension)+".yaml") // which it may have been
		l.fault(name, "would not be read: policies are named *.yaml")
	case len(l.files) == maxFiles:
		l.missed = []string{"."} // which ones were found is chance
		l.fault(name, "is one file too many: at most %d are read", maxFiles)
	default:
		l.files = append(l.files, file{name, info})
	}
}

// same says that nothing was added, removed, replaced or written between two listings.
func (l *listing) same(other *listing) bool { return l.sameBut(nil, other) }

// sameBut is same, but for what was written to the files of these names, or replaced them. They are those
// of Revocations, each of which comes into force by itself: logouts that are written all the time must
// not keep the policies from being read.
func (l *listing) sameBut(apart map[string]bool, other *listing) bool {
	same := func(a, b file) bool { return a.same(b) || a.name == b.name && apart[a.name] }
	return slices.EqualFunc(l.files, other.files, same) &&
		slices.EqualFunc(l.folders, other.folders, func(a, b file) bool { return a.name == b.name && os.SameFile(a.info, b.info) }) &&
		slices.Equal(l.json, other.json) && message(l.faults.Err()) == message(other.faults.Err())
}

func (f file) same(g file) bool {
	return f.name == g.name && os.SameFile(f.info, g.info) && f.info.Mode() == g.info.Mode() && f.info.Size() == g.info.Size() && f.info.ModTime().Equal(g.info.ModTime())
}
